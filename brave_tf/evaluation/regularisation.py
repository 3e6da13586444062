"""How strongly a classifier is held back, chosen for each fold on its training videos alone."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brave_tf.evaluation.folds import Fold, held_out
from brave_tf.evaluation.frozen import EncoderFeatures
from brave_tf.evaluation.protocols.linear import linear_decisions
from brave_tf.evaluation.scores import by_video, top

HELD_OUT = "a fifth of the training videos"
"""What validates a choice, in words; of fewer than five videos of a class more than a fifth."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What one fold chose.

    Attributes:
        fold: which.
        chosen: the best setting; of equals the first.
        scores: of each setting on what validates, by its text; empty where that is not told.
    """

    fold: Fold
    chosen: float | str
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)


def choose_svm_c(grid: Sequence[float], features: EncoderFeatures, fold: Fold) -> Choice:
    """Tries every constant of the linear SVM on a fifth of a fold's training videos, trained on the others.

    Differs from the paper: its constants are chosen on split 1, whose test clips are scored, too.

    Args:
        grid: inverse regularisations; with too few videos to choose, the smallest is taken.
        features: of the encoder.
        fold: whose training clips are looked at.
    """
    clips, rising = features.clips, sorted(grid)
    parts = held_out(fold.train, clips)
    if parts is None:
        return Choice(fold, rising[0])
    train, test = parts
    windows = np.swapaxes(np.asarray(features.train(test)), 0, 1)
    decisions = linear_decisions(features.train(train), clips.labels[train], windows, rising, clips.classes)
    scores = [top(by_video(each, clips.labels[test], clips.videos[test], test)) for each in decisions]
    return Choice(fold, rising[int(np.argmax(scores))], dict(zip(map(str, rising), scores, strict=True)))


def told(choices: Sequence[Choice], setting: str, validated_on: str) -> dict[str, Any]:
    """Facts for the report: what the folds chose.

    Args:
        choices: of each fold; those of folds with a part of the labels are not told.
        setting: what was chosen, in words.
        validated_on: on what, in words.

    Returns:
        `regularisation`: `setting`, `validated_on`, `chosen` (by most folds), `scores` (means over the folds) and what
        each of the `folds` chose.
    """
    choices = [choice for choice in choices if choice.fold.share is None]
    counts = collections.Counter(choice.chosen for choice in choices)
    scored = [choice.scores for choice in choices if choice.scores]
    scores = {name: float(np.mean([each[name] for each in scored])) for name in (scored[0] if scored else ())}
    return {
        "regularisation": {
            "setting": setting,
            "validated_on": validated_on if len(choices) == 1 else f"{validated_on} of each fold",
            "chosen": counts.most_common(1)[0][0],
            "scores": scores,
            "folds": [{"name": choice.fold.name, "chosen": choice.chosen} for choice in choices],
        }
    }
