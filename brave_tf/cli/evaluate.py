"""`brave-tf evaluate`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import tyro


@dataclasses.dataclass(frozen=True)
class ViewOptions:
    """Settings of the evaluation; what is not given is the encoder's default.

    Attributes:
        frames: frames per clip.
        step: distance between two of them at 25 fps.
        size: height and width in pixels.
        shorter_side: the frames' shorter side before cropping.
        epochs: augmented passes over the training clips.
        windows: temporal windows per test clip.
        crops: spatial crops per window.
        svm_c: inverse regularisation of the linear SVM.
    """

    frames: int | None = None
    step: int | None = None
    size: int | None = None
    shorter_side: int | None = None
    epochs: int | None = None
    windows: int | None = None
    crops: int | None = None
    svm_c: float | None = None


_DEFAULTS = ViewOptions()


def evaluate(
    encoder: tyro.conf.Positional[Path],
    /,
    data: Annotated[Path, tyro.conf.arg(metavar="DATASET")],
    out: Path,
    protocol: Literal["linear", "knn"] = "linear",
    label: str | None = None,
    folds: str | None = None,
    neighbours: int = 20,
    seed: int = 0,
    view: Annotated[ViewOptions, tyro.conf.arg(name="")] = _DEFAULTS,
) -> None:
    """Score an encoder on labelled clips, beside random initialisation and chance.

    Example: brave-tf evaluate runs/first --data dataset --protocol linear --out report

    Args:
        encoder: run directory, .keras file or exported SavedModel.
        data: labelled dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME.
        out: directory for report.json.
        protocol: a linear SVM on frozen features, or nearest neighbours.
        label: label column to predict; by default `label`, or the only one.
        folds: label column whose values are the folds, or a number of folds; by default the dataset's train and test.
        neighbours: neighbours that vote in knn.
        seed: seed of the augmented samples and of the random initialisation.
        view: what to change of the encoder's own evaluation settings.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.evaluation.report import evaluate_and_report

    changes = dataclasses.asdict(view)
    report = evaluate_and_report(
        encoder,
        data,
        out,
        protocol=protocol,
        label=label,
        folds=folds,
        neighbours=neighbours,
        seed=seed,
        view_changes={name: value for name, value in changes.items() if value is not None},
    )
    shown = ("label", "classes", "metric", "mean", "top5", "random_init", "chance", "left_out")
    print_table(f"{protocol} evaluation of {encoder}", {name: report[name] for name in shown})
