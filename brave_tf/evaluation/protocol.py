"""Evaluates an encoder: linear SVM or nearest neighbours, beside random initialisation and chance."""

import dataclasses
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import EvaluationConfig
from brave_tf.data.dataset import CLIPS_PER_SOURCE, Dataset
from brave_tf.errors import UserError
from brave_tf.evaluation.features import Embed, augmented_features, window_features
from brave_tf.evaluation.folds import Fold, choose_label, make_folds
from brave_tf.evaluation.knn import knn_scores
from brave_tf.evaluation.linear import Scores, linear_scores
from brave_tf.progress import track

ProtocolName = Literal["linear", "knn"]


class EncoderLike(Protocol):
    """What an evaluation needs of an encoder."""

    def __call__(self, video: Any, training: bool = False) -> tf.Tensor:
        """Embeds clips: [B, T, H, W, 3] float32 in [0, 1] -> [B, D]."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        protocol: "linear" or "knn".
        label: label column; None chooses it.
        folds: see `brave_tf.evaluation.folds.make_folds`.
        view: the evaluation-time input and its constants.
        neighbours: neighbours that vote in "knn".
        seed: decides the augmented samples and the random initialisation.
    """

    protocol: ProtocolName
    view: EvaluationConfig
    label: str | None = None
    folds: str | None = None
    neighbours: int = 20
    seed: int = 0


def evaluate(encoder: EncoderLike, random_encoder: EncoderLike, dataset: Dataset, request: Request) -> dict[str, Any]:
    """Scores an encoder on labelled clips, and the same network at random initialisation beside it.

    Args:
        encoder: the encoder.
        random_encoder: the same network with random weights.
        dataset: labelled clips.
        request: protocol and settings.

    Returns:
        The content of `report.json`: `metric`, `mean` over folds, `random_init`, `chance` (always answering the most
        frequent training class), `folds` one by one, and what was left out. A video that was cut into clips counts
        once, by the mean over all their windows.

    Raises:
        UserError: the dataset lacks the label, a split, or usable clips.
    """
    label = choose_label(dataset, request.label)
    clips, labels, left_out = usable_clips(dataset, label)
    folds = make_folds(dataset, clips, labels, request.folds)
    for fold in folds:
        if len(np.unique(labels[fold.train])) < 2:
            raise UserError(f"the training clips of fold {fold.name!r} hold fewer than two classes of {label!r}")
    train, test = _features([graph_of(encoder), graph_of(random_encoder)], dataset, clips, folds, request)

    videos = clips["clip_id"].to_numpy() // CLIPS_PER_SOURCE
    results = []
    for fold in folds:
        trained, random = (_score(train[e], test[e], labels, videos, fold, request) for e in range(2))
        results.append(_fold_report(fold, labels, videos, trained, random))
    return {
        "protocol": request.protocol,
        "metric": "top1",
        "label": label,
        "classes": len(dataset.labels[label]),
        "mean": _mean(results, "top1"),
        "top5": _mean(results, "top5"),
        "random_init": _mean(results, "random_init_top1"),
        "chance": _mean(results, "chance"),
        "folds": results,
        "left_out": left_out,
        "settings": dataclasses.asdict(request),
    }


def usable_clips(dataset: Dataset, label: str) -> tuple[pa.Table, np.ndarray, dict[str, int]]:
    """Clips that have both video and a label, their class indices, and how many have not, by reason.

    Raises:
        UserError: there are none.
    """
    table = dataset.clips()
    names = table[f"label/{label}"].to_pylist()
    has_video = np.array(table["frames"].to_numpy() > 0)
    has_label = np.array([name is not None for name in names], dtype=bool)
    usable = has_video & has_label
    left_out = {"without video": int((~has_video).sum()), f"without {label}": int((has_video & ~has_label).sum())}
    if damaged := dataset.damaged():
        left_out["damaged"] = len(damaged)
    if not usable.any():
        raise UserError(f"none of the {table.num_rows} clips in {dataset.path} has both video and a {label!r} label")
    index = {name: number for number, name in enumerate(dataset.labels[label])}
    rows = np.flatnonzero(usable)
    return table.take(rows), np.array([index[names[row]] for row in rows]), left_out


def graph_of(encoder: EncoderLike) -> Embed:
    """An encoder in evaluation mode, as a graph for clips of any number."""
    return tf.function(lambda video: encoder(video, training=False), reduce_retracing=True)


def _features(
    embeds: list[Embed], dataset: Dataset, clips: pa.Table, folds: list[Fold], request: Request
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Features of all clips that any fold needs; rows of clips that none needs stay empty (NaN)."""
    training = np.unique(np.concatenate([fold.train for fold in folds]))
    testing = np.unique(np.concatenate([fold.test for fold in folds]))
    if request.protocol == "knn":
        windows = np.union1d(training, testing)
        with track(len(windows), "embed clips") as advance:
            found = window_features(embeds, dataset, clips.take(windows), request.view, advance)
        spread_out = [_by_row(vectors, windows, clips.num_rows, axis=0) for vectors in found]
        return spread_out, spread_out
    with track(len(training) * request.view.epochs, "embed training samples") as advance:
        train = augmented_features(embeds, dataset, clips.take(training), request.view, request.seed, advance)
    with track(len(testing), "embed test clips") as advance:
        test = window_features(embeds, dataset, clips.take(testing), request.view, advance)
    return (
        [_by_row(vectors, training, clips.num_rows, axis=1) for vectors in train],
        [_by_row(vectors, testing, clips.num_rows, axis=0) for vectors in test],
    )


def _by_row(vectors: np.ndarray, rows: np.ndarray, total: int, axis: int) -> np.ndarray:
    shape = list(vectors.shape)
    shape[axis] = total
    placed = np.full(shape, np.nan, vectors.dtype)
    placed[(slice(None),) * axis + (rows,)] = vectors
    return placed


def _score(
    train: np.ndarray, test: np.ndarray, labels: np.ndarray, videos: np.ndarray, fold: Fold, request: Request
) -> Scores:
    known, wanted = labels[fold.train], labels[fold.test]
    if request.protocol == "knn":
        return knn_scores(
            train[fold.train], known, test[fold.test], wanted, request.neighbours, test_videos=videos[fold.test]
        )
    return linear_scores(
        train[:, fold.train], known, test[fold.test], wanted, request.view.svm_c, test_videos=videos[fold.test]
    )


def _fold_report(fold: Fold, labels: np.ndarray, videos: np.ndarray, trained: Scores, random: Scores) -> dict[str, Any]:
    most_frequent = np.argmax(np.bincount(labels[fold.train]))
    _, first_clips = np.unique(videos[fold.test], return_index=True)
    return {
        "name": fold.name,
        "top1": trained.top1,
        "top5": trained.top5,
        "random_init_top1": random.top1,
        "random_init_top5": random.top5,
        "chance": float(np.mean(labels[fold.test][first_clips] == most_frequent)),
        "train_clips": len(fold.train),
        "test_clips": len(fold.test),
        "test_videos": len(first_clips),
    }


def _mean(folds: list[dict[str, Any]], key: str) -> float:
    return float(np.mean([fold[key] for fold in folds]))
