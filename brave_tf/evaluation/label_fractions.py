"""How good an encoder is with a part of the training labels: nested draws of videos, and what they are worth."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from brave_tf.errors import UsageError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold, LabelShare
from brave_tf.evaluation.request import EncoderAnswers, Outcome
from brave_tf.evaluation.scores import Answers
from brave_tf.evaluation.scoring import SCORES, Kind, interval_of, interval_of_draws

FEW = 0.25
"""Up to this fraction there are more draws, for there it matters most which labels they are."""
DRAWS_OF_FEW, DRAWS = 5, 3


def parse_fractions(values: str | float | Iterable[str | float]) -> tuple[float, ...]:
    """The fractions that are meant by numbers, or texts such as "0.05,0.1,1": rising, each once.

    Raises:
        UsageError: one is no number above 0 and up to 1.
    """
    given = [values] if isinstance(values, str | float | int) else values
    fractions = set()
    for text in (part for value in given for part in str(value).split(",")):
        try:
            fraction = float(text)
        except ValueError:
            fraction = math.nan
        if not 0 < fraction <= 1:
            raise UsageError(f"received --label-fractions {text}; expected numbers above 0 and up to 1, as 0.05,0.25,1")
        fractions.add(fraction)
    return tuple(sorted(fractions))


def draws_of(fraction: float) -> int:
    """How many draws of the labels there are; all of them can be drawn in one way."""
    return 1 if fraction == 1 else DRAWS_OF_FEW if fraction <= FEW else DRAWS


def with_fewer_labels(folds: Sequence[Fold], clips: LabelledClips, fractions: Sequence[float], seed: int) -> list[Fold]:
    """Folds that train on a part of the labels of each fold, and test on all that it tests on.

    A label is that of a video: the clips that are cut from one come together. Every class keeps its share, and at least
    one video. The videos of a smaller fraction are among those of a larger one, draw by draw.

    Args:
        folds: with all labels.
        clips: what they are folds of.
        fractions: parts of the labels; 1 adds nothing, for it is the fold itself.
        seed: decides the draws.
    """
    found = []
    for number, fold in enumerate(folds):
        for fraction in fractions:
            for draw in range(draws_of(fraction) if fraction < 1 else 0):
                rank = np.random.default_rng([seed, draw]).permutation(int(clips.videos.max()) + 1)
                train = _part(fold.train, clips, fraction, rank)
                name = f"{fold.name}, {100 * fraction:g} % of the labels, draw {draw + 1}"
                found.append(Fold(name, train, fold.test, LabelShare(fraction, draw, number)))
    return found


def _part(rows: np.ndarray, clips: LabelledClips, fraction: float, rank: np.ndarray) -> np.ndarray:
    videos, first = np.unique(clips.videos[rows], return_index=True)
    labels = clips.labels[rows[first]]
    # Of several labels no class can be kept apart.
    classes = labels if labels.ndim == 1 else np.zeros(len(videos), int)
    kept: list[int] = []
    for index in np.unique(classes):
        mine = videos[classes == index]
        count = max(int(fraction * len(mine) + 0.5), 1)
        kept += mine[np.argsort(rank[mine])][:count].tolist()
    return rows[np.isin(clips.videos[rows], kept)]


def label_curve(outcome: Outcome, fractions: Sequence[float], kind: Kind) -> list[dict[str, Any]]:
    """One record for each fraction, the smallest first.

    Returns:
        `fraction`; `labels`, the mean number of labelled training videos, and `train_clips` of clips; `draws`; `mean`
        over folds and draws with its `interval`, and `draw_means`; `random_init` with `random_init_interval`, or None;
        and `beside`, by the name of an encoder, `mean` and `interval`.
    """
    own = EncoderAnswers("", outcome.folds, outcome.trained, outcome.subsets, outcome.trained_on_subsets)
    random = None
    if outcome.random is not None:
        random = dataclasses.replace(own, answers=outcome.random, on_subsets=outcome.random_on_subsets or [])
    return [_record(own, random, outcome, fraction, kind) for fraction in fractions]


def _record(
    own: EncoderAnswers, random: EncoderAnswers | None, outcome: Outcome, fraction: float, kind: Kind
) -> dict[str, Any]:
    folds = [fold for fold in outcome.subsets if fold.share and fold.share.fraction == fraction] or outcome.folds
    videos = [len(np.unique(outcome.clips.videos[fold.train])) for fold in folds]
    scored = _scored(own, fraction, kind)
    by_chance = None if random is None else _scored(random, fraction, kind)
    return {
        "fraction": fraction,
        "labels": float(np.mean(videos)),
        "train_clips": float(np.mean([len(fold.train) for fold in folds])),
        "draws": len(scored["draw_means"]),
        **scored,
        "random_init": None if by_chance is None else by_chance["mean"],
        "random_init_interval": None if by_chance is None else by_chance["interval"],
        "beside": {
            each.name: {key: value for key, value in _scored(each, fraction, kind).items() if key != "draw_means"}
            for each in outcome.beside
        },
    }


def _scored(encoder: EncoderAnswers, fraction: float, kind: Kind) -> dict[str, Any]:
    draws = [_of_draw(encoder, fraction, draw) for draw in range(draws_of(fraction))]
    means = [float(np.mean([SCORES[kind](answers) for answers in folds])) for folds in draws]
    whole = interval_of(kind, draws[0]) if len(draws) == 1 else interval_of_draws(kind, draws)
    return {"mean": float(np.mean(means)), "interval": whole, "draw_means": means}


def _of_draw(encoder: EncoderAnswers, fraction: float, draw: int) -> Sequence[Answers]:
    """The answers of every fold after one draw."""
    if fraction == 1:
        return encoder.answers
    pairs = zip(encoder.subsets, encoder.on_subsets, strict=True)
    shares = ((fold.share, answers) for fold, answers in pairs)
    return [answers for share, answers in shares if share and (share.fraction, share.draw) == (fraction, draw)]
