"""`brave-tf evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import tyro

from brave_tf import commands
from brave_tf.cli.options import given, optional_fields
from brave_tf.config.evaluation import EvaluationConfig
from brave_tf.config.words import PROTOCOLS, LocalStrategyName, ProtocolName
from brave_tf.evaluation.protocol import protocol_class
from brave_tf.modalities import TowerChoice

_KINDS = {name: protocol_class(name) for name in PROTOCOLS}
_PROTOCOL_HELP = "; ".join(f"{name}: {(kind.__doc__ or '').splitlines()[0]}" for name, kind in _KINDS.items())

# Made of the settings of the input and of all protocols, so that each is documented where it is defined.
if TYPE_CHECKING:
    ViewOptions: TypeAlias = Any
    ClassifierOptions: TypeAlias = Any
else:
    ViewOptions = optional_fields("ViewOptions", {"": EvaluationConfig}, {"windows": str})
    ClassifierOptions = optional_fields("ClassifierOptions", _KINDS)
_VIEW, _CLASSIFIER = ViewOptions(), ClassifierOptions()


def evaluate(
    encoder: tyro.conf.Positional[Path],
    /,
    data: Annotated[Path, tyro.conf.arg(metavar="DATASET")],
    out: Path,
    protocol: Annotated[ProtocolName, tyro.conf.arg(help=_PROTOCOL_HELP.replace(".;", ";"))] = "linear",
    tower: TowerChoice | None = None,
    label: str | None = None,
    folds: str | None = None,
    seed: int = 0,
    random_init: bool = True,
    cache: Path | None = None,
    view: Annotated[ViewOptions, tyro.conf.arg(name="")] = _VIEW,
    classifier: ClassifierOptions = _CLASSIFIER,
    strategy: LocalStrategyName = "auto",
) -> None:
    """`brave_tf.evaluate`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_table

    report = commands.evaluate(
        encoder,
        data,
        out,
        protocol=protocol,
        tower=tower,
        label=label,
        folds=folds,
        seed=seed,
        random_init=random_init,
        cache=cache,
        view=given(view),
        classifier=given(classifier),
        strategy=strategy,
    )
    rows = ("label", "classes", "metric", "mean", "interval", "top5", "recall", "random_init", "chance", "left_out")
    print_table(f"{protocol} evaluation of {encoder}", {name: report[name] for name in rows if name in report})


evaluate.__doc__ = commands.evaluate.__doc__
