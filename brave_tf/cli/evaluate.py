"""`brave-tf evaluate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON, given, optional_fields
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
    encoder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="ENCODER")],
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
    label_fractions: Annotated[tuple[str, ...], tyro.conf.arg(metavar="FRACTION[,FRACTION ...]")] = (),
    beside: Annotated[tuple[str, ...], tyro.conf.arg(metavar="ENCODER[,ENCODER ...]")] = (),
    json: JSON = False,
) -> None:
    """`brave_tf.evaluate`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_rows, print_table
    from brave_tf.cli.following import embed_dataset_words, export_words
    from brave_tf.cli.manner import print_json
    from brave_tf.runs.paths import CONFIG_FILE, checkpoint_step

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
        label_fractions=label_fractions,
        beside=beside,
    )
    if json:
        print_json(report)
        return
    rows = ("label", "classes", "metric", "mean", "interval", "top5", "recall", "random_init", "chance", "left_out")
    shown = {name: report[name] for name in rows if name in report}
    shown |= {"interval": "{:.4g} to {:.4g}".format(*report["interval"])}
    if "left_out" in shown:
        shown["left_out"] = ", ".join(f"{count:,} {reason}" for reason, count in report["left_out"].items())
    print_table(f"{protocol} evaluation of {encoder}", shown)
    if report.get("beside"):
        scored = [{"beside": each["encoder"], report["metric"]: _score(each)} for each in report["beside"]]
        print_rows("other encoders", scored)
    if report.get("label_fractions"):
        print_rows(f"{report['metric']} with a part of the labels", list(map(_curve_row, report["label_fractions"])))
    # What can be exported: a run, a checkpoint of one, or the .keras file of an encoder.
    exports = (encoder / CONFIG_FILE).is_file() or checkpoint_step(encoder) is not None or encoder.suffix == ".keras"
    following = export_words(encoder, tower) if exports else embed_dataset_words(encoder, data, tower)
    print_end(out, ["report.html", "report.json"], following)


def _curve_row(record: Mapping[str, Any]) -> dict[str, str]:
    row = {"labels": f"{record['labels']:g} ({100 * record['fraction']:g} %)", "encoder": _score(record)}
    if record["random_init"] is not None:
        row["random init"] = _score({"mean": record["random_init"], "interval": record["random_init_interval"]})
    return row | {name: _score(each) for name, each in record["beside"].items()}


def _score(scored: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in scored["interval"])
    return f"{100 * scored['mean']:.1f} % ({low:.1f} to {high:.1f})"


evaluate.__doc__ = commands.evaluate.__doc__
