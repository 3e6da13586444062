"""An encoder beside the same network at random initialisation."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from brave_tf.config.words import PROTOCOLS
from brave_tf.data.dataset import Dataset
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold, check_classes, choose_label, make_folds, shared_videos
from brave_tf.evaluation.label_fractions import with_fewer_labels
from brave_tf.evaluation.protocol import EncoderLike, protocol_class
from brave_tf.evaluation.request import Beside, EncoderAnswers, Outcome, Request
from brave_tf.progress import warn


def compare_with_random(
    encoder: EncoderLike,
    random_encoder: EncoderLike | None,
    dataset: Dataset,
    request: Request,
    cache: Path | None = None,
    beside: Sequence[Beside] = (),
) -> Outcome:
    """Evaluates an encoder on labelled clips, and the same network at random initialisation beside it.

    Args:
        encoder: the encoder; a `brave_tf.encoders.encoder.Encoder` for "finetune" or with a cache.
        random_encoder: the same network with random weights, or None; an encoder that is itself random is evaluated
            once.
        dataset: labelled clips.
        request: protocol and settings.
        cache: folder for features and for what is fine-tuned; None keeps them in memory.
        beside: other encoders. What is decoded for the encoder serves those that are shown the same.

    Returns:
        The answers of both. A video that was cut into clips counts once, by the mean over all their windows.

    Raises:
        UserError: the dataset lacks the label, a split, or usable clips, or the protocol does not fit the labels.
    """
    protocol, label = request.protocol, choose_label(dataset, request.label)
    if label in dataset.multilabel and not protocol.several_labels:
        raise UserError(
            f"received protocol {protocol.name} for {label!r}, of which a clip has several; expected one of "
            f"{', '.join(name for name in PROTOCOLS if protocol_class(name).several_labels)}"
        )
    clips = LabelledClips.of(dataset, label, request.input_view.modality)
    folds = make_folds(clips, request.folds)
    _check(folds, clips)
    count = len(folds)
    folds += with_fewer_labels(folds, clips, request.label_fractions, request.seed)
    check_classes(folds[count:], clips)
    encoders = [encoder] if random_encoder is None or random_encoder is encoder else [encoder, random_encoder]
    alike = [each for each in beside if each.input_view == request.input_view]
    asked = [*encoders, *(each.encoder for each in alike)]
    answers, facts, seconds, damaged = protocol.results(asked, clips, folds, request, cache)
    if damaged:
        clips = clips.with_damage(damaged, request.input_view.modality)
        folds = [fold.without(np.array(damaged)) for fold in folds]
    whole, subsets = folds[:count], folds[count:]
    random_answers = None if random_encoder is None else answers[len(encoders) - 1]
    told = {
        each.name: EncoderAnswers(each.name, whole, found[:count], subsets, found[count:])
        for each, found in zip(alike, answers[len(encoders) :], strict=True)
    }
    for each in beside:
        if each.name not in told:
            told[each.name] = _alone(each, dataset, request, cache)
    return Outcome(
        clips,
        whole,
        answers[0][:count],
        None if random_answers is None else random_answers[:count],
        facts,
        seconds,
        subsets,
        answers[0][count:],
        None if random_answers is None else random_answers[count:],
        [told[each.name] for each in beside],
    )


def _alone(beside: Beside, dataset: Dataset, request: Request, cache: Path | None) -> EncoderAnswers:
    """The answers of an encoder that is shown something else."""
    request = dataclasses.replace(request, input_view=beside.input_view)
    found = compare_with_random(beside.encoder, None, dataset, request, cache)
    return EncoderAnswers(beside.name, found.folds, found.trained, found.subsets, found.trained_on_subsets)


def _check(folds: Sequence[Fold], clips: LabelledClips) -> None:
    check_classes(folds, clips)
    for fold in folds:
        if shared := shared_videos(clips.table, fold):
            warn(f"fold {fold.name}: {shared} videos have clips in both training and test, which flatters the score")
