"""The answers of a classifier, and how good they are."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score, confusion_matrix

RESAMPLINGS = 1000
CONFIDENCE = 0.95
RECALL_AT = (1, 5, 10, 20)
MOST_MISTAKES = 12


@dataclasses.dataclass(frozen=True)
class Answers:
    """The answers on the test videos of one fold.

    Attributes:
        decisions: [V, classes] score of every class; of a retrieval [V, ranks] whether the video at each rank, the
            nearest first, shows the class that is looked for.
        labels: [V] class indices, or [V, classes] of several labels.
        clips: [V] row of each video's first clip among the dataset's usable clips.
    """

    decisions: np.ndarray
    labels: np.ndarray
    clips: np.ndarray

    @property
    def ranked(self) -> np.ndarray:
        """[V, classes] class indices, the best answer first."""
        return np.argsort(-self.decisions, axis=1, kind="stable")

    def is_right(self, best: int = 1) -> np.ndarray:
        """[V] whether the right class is among the best answers."""
        return np.asarray((self.ranked[:, :best] == self.labels[:, None]).any(axis=1))


def by_video(decisions: np.ndarray, labels: np.ndarray, videos: np.ndarray, rows: np.ndarray) -> Answers:
    """Averages the decisions of the clips of each video.

    Args:
        decisions: [N, classes] of clips.
        labels: [N] or [N, classes] of clips; the clips of a video agree.
        videos: [N] number of the video that each clip is cut from.
        rows: [N] the clips' rows.
    """
    _, first, video = np.unique(videos, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), decisions.shape[1]))
    np.add.at(sums, video, decisions)
    return Answers(sums / np.bincount(video)[:, None], labels[first], rows[first])


def top(answers: Answers, best: int = 1) -> float:
    """Share of the videos with the right class among the best answers."""
    return float(np.mean(answers.is_right(best)))


def recall(answers: Answers, at: int) -> float:
    """Share of the queries with the right class among the `at` nearest videos."""
    return float(np.mean(answers.decisions[:, :at].any(axis=1)))


def average_precisions(answers: Answers) -> np.ndarray:
    """[classes] average precision; NaN for a class that no test video has."""
    precisions = np.full(answers.labels.shape[1], np.nan)
    for index in np.flatnonzero(answers.labels.any(axis=0)):
        precisions[index] = average_precision_score(answers.labels[:, index], answers.decisions[:, index])
    return precisions


def mean_average_precision(answers: Answers) -> float:
    """Mean of the average precision over the classes that some test video has."""
    return float(np.nanmean(average_precisions(answers)))


def interval(values: Sequence[np.ndarray], seed: int = 0) -> list[float]:
    """Percentile bootstrap of a mean over folds of means over videos.

    Args:
        values: of each fold, [V] the score of every video.
        seed: decides the resamplings.

    Returns:
        The lower and upper end that hold 95 % of the resampled means.
    """
    generator = np.random.default_rng(seed)
    means = [
        np.mean([generator.choice(fold, len(fold)).mean() for fold in values], dtype=float) for _ in range(RESAMPLINGS)
    ]
    return percentiles(np.array(means))


def precision_interval(folds: Sequence[Answers], seed: int = 0, resamplings: int = 200) -> list[float]:
    """Percentile bootstrap over videos of the mean average precision, meaned over folds; see `interval`."""
    generator = np.random.default_rng(seed)
    means = np.zeros(resamplings)
    for answers in folds:
        videos = len(answers.labels)
        weights = generator.multinomial(videos, np.full(videos, 1 / videos), size=resamplings)
        means += weighted_mean_average_precision(answers, weights) / len(folds)
    return percentiles(means)


def weighted_mean_average_precision(answers: Answers, weights: np.ndarray) -> np.ndarray:
    """[R] mean average precision under weightings [R, V] of the videos; see `mean_average_precision`."""
    precisions = [
        weighted_average_precision(answers.labels[:, index], answers.decisions[:, index], weights)
        for index in np.flatnonzero(answers.labels.any(axis=0))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(precisions, axis=0))


def weighted_average_precision(truth: np.ndarray, decisions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision of one class under several weightings of the videos.

    Args:
        truth: [V] whether each video has the class.
        decisions: [V].
        weights: [R, V] how often each video counts.

    Returns:
        [R]; NaN where no video with the class counts.
    """
    order = np.argsort(-decisions, kind="stable")
    sorted_decisions = decisions[order]
    last_of_tie = np.append(sorted_decisions[1:] != sorted_decisions[:-1], True)
    hits = np.cumsum(weights[:, order] * truth[order], axis=1)[:, last_of_tie]
    seen = np.cumsum(weights[:, order], axis=1)[:, last_of_tie]
    gained = np.diff(hits, axis=1, prepend=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, hits / np.maximum(seen, 1), 0.0)
        return np.asarray((gained * precision).sum(axis=1) / hits[:, -1])


def confusion(folds: Sequence[Answers], classes: int) -> list[list[int]]:
    """How often each class (row) was answered with each class (column), over all folds."""
    truth = np.concatenate([answers.labels for answers in folds])
    answer = np.concatenate([answers.ranked[:, 0] for answers in folds])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        counts: list[list[int]] = confusion_matrix(truth, answer, labels=np.arange(classes)).tolist()
    return counts


def mistakes(folds: Sequence[tuple[str, Answers]], most: int = MOST_MISTAKES) -> list[dict[str, Any]]:
    """The wrong answers that were given with the greatest margin over the right class, the worst first."""
    wrong: list[dict[str, Any]] = []
    for name, answers in folds:
        for video in np.flatnonzero(~answers.is_right()):
            predicted, wanted = int(answers.ranked[video, 0]), int(answers.labels[video])
            margin = float(answers.decisions[video, predicted] - answers.decisions[video, wanted])
            row = int(answers.clips[video])
            wrong.append({"fold": name, "row": row, "wanted": wanted, "predicted": predicted, "confidence": margin})
    return sorted(wrong, key=lambda mistake: float(mistake["confidence"]), reverse=True)[:most]


def percentiles(values: np.ndarray) -> list[float]:
    """The lower and upper end that hold `CONFIDENCE` of some values."""
    edge = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [edge, 100 - edge])
    return [float(low), float(high)]
