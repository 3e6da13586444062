"""`brave-tf evaluate`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from brave_tf.modalities import TowerChoice


@dataclasses.dataclass(frozen=True)
class ViewOptions:
    """Settings of the evaluation; what is not given is the encoder's default.

    Attributes:
        frames: frames per clip.
        step: distance between two of them at 25 fps.
        size: height and width in pixels.
        shorter_side: the frames' shorter side before cropping.
        epochs: augmented passes over the training clips, for frozen features.
        windows: temporal windows per test clip.
        crops: spatial crops per window.
        crop_places: crops from the upper left to the lower right corner, or in a centred row.
        audio_seconds: length of a window of sound.
        svm_c: inverse regularisation of the linear SVM.
    """

    frames: int | None = None
    step: int | None = None
    size: int | None = None
    shorter_side: int | None = None
    epochs: int | None = None
    windows: int | None = None
    crops: int | None = None
    crop_places: Literal["diagonal", "centered"] | None = None
    audio_seconds: float | None = None
    svm_c: float | None = None


@dataclasses.dataclass(frozen=True)
class ClassifierOptions:
    """Training by gradient descent: linear-lars, mlp, finetune. The report states what was taken.

    Attributes:
        epochs: passes over the features, or over the clips.
        batch_size: features or clips per step.
        learning_rate: at the start; it falls along a cosine.
        weight_decay: linear-lars and finetune.
        hidden_size: mlp: hidden units.
        dropout: mlp and finetune: share that is dropped.
        momentum: finetune: of SGD.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    hidden_size: int | None = None
    dropout: float | None = None
    momentum: float | None = None


_VIEW = ViewOptions()
_CLASSIFIER = ClassifierOptions()


def evaluate(
    encoder: tyro.conf.Positional[Path],
    /,
    data: Annotated[Path, tyro.conf.arg(metavar="DATASET")],
    out: Path,
    protocol: Literal["linear", "linear-lars", "mlp", "finetune", "knn", "retrieval"] = "linear",
    tower: TowerChoice | None = None,
    label: str | None = None,
    folds: str | None = None,
    neighbours: int = 20,
    svm_c_grid: tuple[float, ...] = (),
    seed: int = 0,
    random_init: bool = True,
    cache: Path | None = None,
    view: Annotated[ViewOptions, tyro.conf.arg(name="")] = _VIEW,
    classifier: ClassifierOptions = _CLASSIFIER,
) -> None:
    """Score an encoder on labelled clips, beside random initialisation and chance.

    Example: brave-tf evaluate runs/first --data dataset --protocol linear --out reports/linear

    Features are kept, so that the same command goes on after an interruption, and other protocols start from them.

    Args:
        encoder: run directory, .keras file, exported SavedModel, random:NAME (tsm50, tsm50x2, r3d50, audio-resnet50,
            tiny, or a preset), or baseline:log-mel.
        data: labelled dataset that `brave-tf prepare` wrote, folder of DMVR shards, or tfds:NAME.
        out: directory for report.json and report.html.
        protocol: on frozen features a linear SVM, a linear layer with LARS, one hidden layer (mlp), nearest neighbours
            or retrieval of the training videos; or fine-tuning of the whole network.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        label: label column to predict; by default `label`, or the only one.
        folds: label column whose values are the folds, or train and test, or a number of folds; by default the
            benchmark's official ones, or the dataset's train and test.
        neighbours: neighbours that vote in knn.
        svm_c_grid: linear: inverse regularisations to choose from, on the first fold.
        seed: seed of the augmented samples, the classifiers and the random initialisation.
        random_init: evaluate the same network at random initialisation too.
        cache: folder of features; by default `features` beside the report's directory.
        view: what to change of the encoder's own evaluation settings.
        classifier: how classifiers are trained by gradient descent.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.evaluation.report import evaluate_and_report
    from brave_tf.inspection.evaluation import write_evaluation_page

    report = evaluate_and_report(
        encoder,
        data,
        out,
        protocol=protocol,
        tower=tower,
        label=label,
        folds=folds,
        neighbours=neighbours,
        svm_c_grid=svm_c_grid,
        seed=seed,
        random_init=random_init,
        cache=cache,
        view_changes=_given(view),
        classifier_changes=_given(classifier),
    )
    write_evaluation_page(out / "report.html", report)
    shown = ("label", "classes", "metric", "mean", "interval", "top5", "recall", "random_init", "chance", "left_out")
    print_table(f"{protocol} evaluation of {encoder}", {name: report[name] for name in shown if name in report})


def _given(options: Any) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(options).items() if value is not None}
