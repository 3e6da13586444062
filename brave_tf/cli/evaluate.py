"""`brave-tf evaluate`."""

from pathlib import Path
from typing import Annotated, Literal

import tyro


def evaluate(
    encoder: tyro.conf.Positional[Path],
    /,
    data: Annotated[Path, tyro.conf.arg(metavar="DATASET")],
    out: Path,
    protocol: Literal["linear", "knn"] = "linear",
    label: str | None = None,
    folds: str | None = None,
    svm_c: float | None = None,
    neighbours: int = 20,
    frames: int | None = None,
    step: int | None = None,
    size: int | None = None,
    shorter_side: int | None = None,
    epochs: int | None = None,
    windows: int | None = None,
    crops: int | None = None,
    seed: int = 0,
) -> None:
    """Score an encoder on labelled clips, beside random initialisation and chance.

    Example: brave-tf evaluate runs/first --data dataset --protocol linear --out report

    Args:
        encoder: run directory, .keras file or exported SavedModel.
        data: labelled dataset that `brave-tf prepare` wrote.
        out: directory for report.json.
        protocol: a linear SVM on frozen features, or nearest neighbours.
        label: label column to predict; by default `label`, or the only one.
        folds: label column whose values are the folds, or a number of folds; by default the dataset's train and test.
        svm_c: inverse regularisation of the linear SVM, instead of the encoder's default.
        neighbours: neighbours that vote in knn.
        frames: frames per clip, instead of the encoder's default.
        step: distance between two of them at 25 fps, instead of the encoder's default.
        size: height and width in pixels, instead of the encoder's default.
        shorter_side: the frames' shorter side before cropping, instead of the encoder's default.
        epochs: augmented passes over the training clips, instead of the encoder's default.
        windows: temporal windows per test clip, instead of the encoder's default.
        crops: spatial crops per window, instead of the encoder's default.
        seed: seed of the augmented samples and of the random initialisation.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.evaluation.report import evaluate_and_report

    changes = {
        "svm_c": svm_c,
        "frames": frames,
        "step": step,
        "size": size,
        "shorter_side": shorter_side,
        "epochs": epochs,
        "windows": windows,
        "crops": crops,
    }
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
