"""Which score counts: by the protocol and the labels, for one fold, with its interval."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from brave_tf.evaluation.protocol import EvaluationProtocol
from brave_tf.evaluation.scores import (
    RESAMPLINGS,
    Answers,
    interval,
    mean_average_precision,
    percentiles,
    precision_interval,
    recall,
    top,
    weighted_mean_average_precision,
)

Kind = Literal["classes", "several", "retrieval"]
METRICS: Mapping[Kind, str] = {"classes": "top1", "several": "mAP", "retrieval": "recall@1"}
SCORES: Mapping[Kind, Callable[[Answers], float]] = {
    "classes": top,
    "several": mean_average_precision,
    "retrieval": lambda answers: recall(answers, 1),
}
PRECISION_RESAMPLINGS = 200
"""Of average precision, which takes longer to compute than a share."""


def kind_of(protocol: EvaluationProtocol, several_labels: bool) -> Kind:
    """What is scored."""
    return "retrieval" if protocol.answers_with == "ranks" else "several" if several_labels else "classes"


def is_right(kind: Kind, answers: Answers) -> np.ndarray:
    """[V] 1 for every video that counts as right."""
    return answers.decisions[:, 0].astype(float) if kind == "retrieval" else answers.is_right().astype(float)


def interval_of(kind: Kind, folds: Sequence[Answers]) -> list[float]:
    """Bootstrap over the test videos of the mean over folds."""
    if kind == "several":
        return precision_interval(folds, resamplings=PRECISION_RESAMPLINGS)
    return interval([is_right(kind, answers) for answers in folds])


def interval_of_draws(kind: Kind, draws: Sequence[Sequence[Answers]], seed: int = 0) -> list[float]:
    """Bootstrap over the test videos, and over draws of the training labels, of the mean over folds and draws.

    Args:
        kind: what is scored.
        draws: of each draw the answers of every fold; the test videos of a fold are the same in all draws.
        seed: decides the resamplings.
    """
    generator = np.random.default_rng(seed)
    count = PRECISION_RESAMPLINGS if kind == "several" else RESAMPLINGS
    means = np.zeros((len(draws), count))
    for of_fold in zip(*draws, strict=True):
        videos = len(of_fold[0].labels)
        weights = generator.multinomial(videos, np.full(videos, 1 / videos), size=count)
        for draw, answers in enumerate(of_fold):
            if kind == "several":
                means[draw] += weighted_mean_average_precision(answers, weights) / len(draws[0])
            else:
                means[draw] += weights @ is_right(kind, answers) / videos / len(draws[0])
    drawn = generator.integers(0, len(draws), (len(draws), count))
    return percentiles(np.take_along_axis(means, drawn, axis=0).mean(axis=0))
