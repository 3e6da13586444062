"""Metrics of a run for services beside its own record: Weights & Biases, MLflow."""

import functools
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import keras

from brave_tf.config.words import LoggerName
from brave_tf.method.step_function import finished_steps
from brave_tf.runs.log_id import log_id
from brave_tf.runs.metrics import lines_until
from brave_tf.storage import as_path
from brave_tf.training.callbacks import MetricsWriter
from brave_tf.training.services import opener, usable_services
from brave_tf.training.services.feed import Feed
from brave_tf.training.services.service import Service, ServiceRun
from brave_tf.training.strategy import is_chief


class RunLogger(keras.callbacks.Callback):
    """Sends every line of `metrics.jsonl` to Weights & Biases or MLflow; comes after `MetricsWriter` in the list.

    A run that goes on is the same run there, by the id in `RUN/log_id.json`: it has each step once, and also those that
    could not be sent before. A step that was made again, after a kill, keeps its first figures. What a service, or the
    way to it, does wrong neither stops nor changes the training. Of several workers the first sends.

    As a context manager it also tells the service of a training that was stopped, or has failed.

    Args:
        service: "wandb" or "mlflow".
        run: the run directory.
        metrics: what writes the lines.
        settings: what the service is told of the run, such as its configuration; may be nested.

    Raises:
        UserError: the package of the service is not installed.
    """

    def __init__(self, service: LoggerName, run: str | Path, metrics: MetricsWriter, settings: Mapping[str, Any]):
        super().__init__()
        usable_services([service])
        self._service = service
        self._run = as_path(run)
        self._metrics = metrics
        self._settings = settings
        self._feed: Feed | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins to send, with the lines up to the step that the run goes on from."""
        if is_chief(self.model.distribute_strategy):
            self._feed = _feed(self._service, self._run, self._settings, finished_steps(self.model))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Sends the line of the step, if it has one."""
        if self._feed is not None and self._metrics.line is not None:
            self._feed.add(self._metrics.line)

    def on_train_end(self, logs: Any = None) -> None:
        """Waits until all is sent, half a minute at most."""
        if self._feed is not None:
            self._feed.close("finished")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._feed is not None:
            self._feed.close("finished" if error is None else "failed" if isinstance(error, Exception) else "stopped")


def send_record(service: LoggerName, run: Path, settings: Mapping[str, Any], last_step: int) -> None:
    """Sends what a service has not got yet of a run that has nothing left to train."""
    _feed(service, run, settings, last_step).close("finished")


def _feed(service: LoggerName, run: Path, settings: Mapping[str, Any], last_step: int) -> Feed:
    feed = Feed(service, functools.partial(_open, service, run, settings))
    for line in lines_until(run, last_step):
        feed.add(line)
    return feed


def _open(service: LoggerName, run: Path, settings: Mapping[str, Any]) -> Service:
    return opener(service)(ServiceRun(log_id(run), run, settings))
