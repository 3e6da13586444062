"""Chooses the linear SVM's constant from a grid."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from brave_tf.evaluation.folds import held_out
from brave_tf.evaluation.frozen import EncoderFeatures
from brave_tf.evaluation.protocols.linear import linear_decisions
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

    def to_json(self) -> dict[str, Any]:
        """For the report."""
        scores = {str(svm_c): score for svm_c, score in self.scores.items()}
        return {"chosen": self.chosen, "scores": scores, "validated_on": self.validated_on}


def choose_svm_c(grid: Sequence[float], features: EncoderFeatures) -> Regularisation:
    """Tries every constant on the first fold, which validates (paper, section 4.2).

    With a single fold, which is there to test, a fifth of its training videos validates instead.

    Args:
        grid: inverse regularisations.
        features: of the encoder.
    """
    folds, clips = features.folds, features.clips
    if len(folds) > 1:
        train, test, words = folds[0].train, folds[0].test, f"fold {folds[0].name}"
        windows: Any = features.test(test)
    else:
        train, test = held_out(folds[0].train, clips)
        words = "a fifth of the training videos"
        windows = np.swapaxes(np.asarray(features.train(test)), 0, 1)
    rising, labels, videos = sorted(grid), clips.labels, clips.videos
    decisions = linear_decisions(features.train(train), labels[train], windows, rising, clips.classes)
    scores = {
        svm_c: top(by_video(each, labels[test], videos[test], test))
        for svm_c, each in zip(rising, decisions, strict=True)
    }
    return Regularisation(max(scores, key=lambda svm_c: scores[svm_c]), scores, words)
