"""Chooses the linear SVM's constant from a grid."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold, held_out
from brave_tf.evaluation.linear import linear_decisions
from brave_tf.evaluation.scores import by_video, top


@dataclasses.dataclass(frozen=True)
class Regularisation:
    """How the constant was chosen.

    Attributes:
        chosen: the best one; of equals the smallest.
        scores: top-1 of each on what validates.
        validated_on: what that is, in words.
    """

    chosen: float
    scores: dict[float, float]
    validated_on: str


def choose_svm_c(
    grid: Sequence[float],
    folds: Sequence[Fold],
    clips: LabelledClips,
    train_of: Callable[[np.ndarray], np.ndarray],
    test_of: Callable[[np.ndarray], np.ndarray],
) -> Regularisation:
    """Tries every constant on the first fold, which validates (paper, section 4.2).

    With a single fold, which is there to test, a fifth of its training videos validates instead.

    Args:
        grid: inverse regularisations.
        folds: the folds.
        clips: the labelled clips.
        train_of: rows -> [E, rows, D] augmented samples.
        test_of: rows -> [rows, V, D] windows.
    """
    if len(folds) > 1:
        train, test, words = folds[0].train, folds[0].test, f"fold {folds[0].name}"
        asked = test_of(test)
    else:
        train, test = held_out(folds[0].train, clips)
        words = "a fifth of the training videos"
        asked = np.swapaxes(train_of(test), 0, 1)
    rising = sorted(grid)
    labels, videos = clips.labels, clips.videos
    decisions = linear_decisions(train_of(train), labels[train], asked, rising, clips.classes)
    scores = {
        svm_c: top(by_video(found, labels[test], videos[test], test))
        for svm_c, found in zip(rising, decisions, strict=True)
    }
    return Regularisation(max(scores, key=lambda svm_c: scores[svm_c]), scores, words)
