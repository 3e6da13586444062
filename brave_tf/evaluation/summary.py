"""From answers to the numbers of `report.json`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from brave_tf.evaluation.label_fractions import label_curve
from brave_tf.evaluation.request import EncoderAnswers, Outcome, Request
from brave_tf.evaluation.scores import RECALL_AT, Answers, average_precisions, confusion, mistakes, recall, top
from brave_tf.evaluation.scoring import METRICS, SCORES, Kind, interval_of, is_right, kind_of


def summarise(outcome: Outcome, request: Request) -> dict[str, Any]:
    """The scores of an evaluation.

    Args:
        outcome: the answers.
        request: what they are answers to.

    Returns:
        `metric`; `mean` over the folds with its `interval` and, alike, `random_init` and `chance`; the `folds`, and the
        same list under `splits` where they are splits of a benchmark; `per_class`; `left_out` by reason and the
        `damaged` clips among them by name; and of answers with one class each
        `top5`, `confusion` and `mistakes`, of a retrieval `recall`; the scores of encoders `beside` it, and
        `label_fractions`, where they are asked for; and what the protocol tells besides, such as `regularisation`.
    """
    clips = outcome.clips
    names = clips.dataset.labels[clips.label]
    several = clips.labels.ndim > 1
    kind = kind_of(request.protocol, several)
    folds = [_fold(outcome, number, kind) for number in range(len(outcome.folds))]
    report: dict[str, Any] = {
        "protocol": request.protocol.name,
        "metric": METRICS[kind],
        "label": clips.label,
        "classes": len(names),
        "class_names": names,
        "mean": _mean(folds, "score"),
        "interval": interval_of(kind, outcome.trained),
        "random_init": _mean(folds, "random_init"),
        "chance": _mean(folds, "chance"),
        "folds": folds,
        "per_class": _per_class(kind, names, outcome),
        "left_out": clips.left_out,
        "damaged": [dataclasses.asdict(clip) for clip in clips.damaged],
    }
    if set(clips.dataset.official_folds) == {fold["name"] for fold in folds}:
        report["splits"] = folds
    if kind == "classes":
        report["top5"] = _mean(folds, "top5")
        report["confusion"] = confusion(outcome.trained, len(names))
        report["mistakes"] = _mistakes(outcome, names)
    if kind == "retrieval":
        report["recall"] = _recall(outcome.trained)
        report["random_init_recall"] = None if outcome.random is None else _recall(outcome.random)
    if outcome.beside:
        report["beside"] = [_beside(each, kind) for each in outcome.beside]
    if request.label_fractions:
        report["label_fractions"] = label_curve(outcome, request.label_fractions, kind)
    report |= outcome.facts
    report["seconds"] = {name: round(seconds, 1) for name, seconds in outcome.seconds.items()}
    return report


def _fold(outcome: Outcome, number: int, kind: Kind) -> dict[str, Any]:
    fold, answers = outcome.folds[number], outcome.trained[number]
    random = None if outcome.random is None else outcome.random[number]
    score = SCORES[kind]
    scores = {
        "name": fold.name,
        "score": score(answers),
        "interval": interval_of(kind, [answers]),
        "random_init": None if random is None else score(random),
        "chance": _chance(kind, outcome, number),
        "train_clips": len(fold.train),
        "test_clips": len(fold.test),
        "test_videos": len(answers.labels),
    }
    if kind == "classes":
        scores["top5"] = top(answers, 5)
        scores["random_init_top5"] = None if random is None else top(random, 5)
    return scores


def _beside(encoder: EncoderAnswers, kind: Kind) -> dict[str, Any]:
    return {
        "encoder": encoder.name,
        "mean": float(np.mean([SCORES[kind](answers) for answers in encoder.answers])),
        "interval": interval_of(kind, encoder.answers),
        "test_videos": sum(len(answers.labels) for answers in encoder.answers),
    }


def _chance(kind: Kind, outcome: Outcome, number: int) -> float:
    """What needs no look at the clips: the most frequent class, the same scores for all, or a random neighbour."""
    test = outcome.trained[number].labels
    if kind == "several":
        return float(np.mean(test[:, test.any(axis=0)]))
    train = outcome.clips.labels[outcome.folds[number].train]
    if kind == "retrieval":
        shares = np.bincount(train, minlength=int(test.max()) + 1) / len(train)
        return float(np.mean(shares[test]))
    return float(np.mean(test == np.argmax(np.bincount(train))))


def _per_class(kind: Kind, names: Sequence[str], outcome: Outcome) -> list[dict[str, Any]]:
    trained = _class_scores(kind, len(names), outcome.trained)
    random = [None] * len(names) if outcome.random is None else _class_scores(kind, len(names), outcome.random)
    truth = np.concatenate([answers.labels for answers in outcome.trained])
    videos = truth.sum(axis=0) if kind == "several" else np.bincount(truth, minlength=len(names))
    return [
        {"name": name, "score": score, "random_init": other, "videos": int(count)}
        for name, score, other, count in zip(names, trained, random, videos, strict=True)
    ]


def _class_scores(kind: Kind, classes: int, folds: Sequence[Answers]) -> list[float | None]:
    if kind == "several":
        per_fold = np.array([average_precisions(answers) for answers in folds])
        has_videos = ~np.isnan(per_fold)
        means = np.where(has_videos, per_fold, 0.0).sum(axis=0) / np.maximum(has_videos.sum(axis=0), 1)
        return [float(mean) if any_fold else None for mean, any_fold in zip(means, has_videos.any(axis=0), strict=True)]
    labels = np.concatenate([answers.labels for answers in folds])
    right = np.concatenate([is_right(kind, answers) for answers in folds])
    counts = np.bincount(labels, minlength=classes)
    hits = np.bincount(labels, right, minlength=classes)
    return [float(hit / count) if count else None for hit, count in zip(hits, counts, strict=True)]


def _mistakes(outcome: Outcome, names: Sequence[str]) -> list[dict[str, Any]]:
    named = [(fold.name, answers) for fold, answers in zip(outcome.folds, outcome.trained, strict=True)]
    sources, ids = outcome.clips.table["source"], outcome.clips.table["clip_id"]
    return [
        {
            "source": sources[mistake["row"]].as_py(),
            "fold": mistake["fold"],
            "clip_id": ids[mistake["row"]].as_py(),
            "wanted": names[mistake["wanted"]],
            "predicted": names[mistake["predicted"]],
            "confidence": mistake["confidence"],
        }
        for mistake in mistakes(named)
    ]


def _recall(folds: Sequence[Answers]) -> dict[str, float]:
    return {str(at): float(np.mean([recall(answers, at) for answers in folds])) for at in RECALL_AT}


def _mean(folds: Sequence[dict[str, Any]], key: str) -> float | None:
    values = [fold[key] for fold in folds]
    return None if any(value is None for value in values) else float(np.mean(values))
