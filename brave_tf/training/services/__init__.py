"""Services that show the metrics of runs: what each of them needs, and where its code is."""

import dataclasses
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from brave_tf.config.words import LoggerName
from brave_tf.errors import UserError
from brave_tf.training.services.service import Service, ServiceRun


@dataclasses.dataclass(frozen=True)
class _Kind:
    """A service: the package that it needs, which is also the name of the extra, and what opens a run there."""

    package: str
    opener: str


_KINDS: Mapping[str, _Kind] = {
    "wandb": _Kind("wandb", "brave_tf.training.services.weights_and_biases:WandbRun"),
    "mlflow": _Kind("mlflow", "brave_tf.training.services.mlflow_store:MLflowRun"),
}
ALWAYS_THERE = "tensorboard"
"""The word for what every run writes anyway."""


def usable_services(log: Sequence[str]) -> list[LoggerName]:
    """The services of a list of words, each once.

    Args:
        log: words of `LoggerName`.

    Raises:
        UserError: there is no such word, or the package of a service is not installed.
    """
    services = [word for word in dict.fromkeys(log) if word != ALWAYS_THERE]
    for word in services:
        if word not in _KINDS:
            known = ", ".join([ALWAYS_THERE, *_KINDS])
            raise UserError(f"received log={word}; expected one of {known}")
        package = _KINDS[word].package
        found = importlib.util.find_spec(package)
        # A folder of that name, such as the one that wandb itself makes, is no package.
        if found is None or found.origin is None:
            raise UserError(f'received log={word}, and {package} is not installed: pip install "brave_tf[{word}]"')
    return cast(list[LoggerName], services)


def opener(service: LoggerName) -> Callable[[ServiceRun], Service]:
    """What opens a run at a service. It imports the service's package when it is called."""

    def open_run(run: ServiceRun) -> Service:
        module, _, name = _KINDS[service].opener.partition(":")
        return cast(Service, getattr(importlib.import_module(module), name)(run))

    return open_run
