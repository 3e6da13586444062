"""An encoder beside the same network at random initialisation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from brave_tf.config.words import PROTOCOLS
from brave_tf.data.dataset import Dataset
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold, check_classes, choose_label, make_folds, shared_videos
from brave_tf.evaluation.protocol import EncoderLike, protocol_class
from brave_tf.evaluation.request import Outcome, Request
from brave_tf.progress import note


def compare_with_random(
    encoder: EncoderLike,
    random_encoder: EncoderLike | None,
    dataset: Dataset,
    request: Request,
    cache: Path | None = None,
) -> Outcome:
    """Evaluates an encoder on labelled clips, and the same network at random initialisation beside it.

    Args:
        encoder: the encoder; a `brave_tf.encoders.encoder.Encoder` for "finetune" or with a cache.
        random_encoder: the same network with random weights, or None; an encoder that is itself random is evaluated
            once.
        dataset: labelled clips.
        request: protocol and settings.
        cache: folder for features and for what is fine-tuned; None keeps them in memory.

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
    encoders = [encoder] if random_encoder is None or random_encoder is encoder else [encoder, random_encoder]
    answers, facts, seconds, damaged = protocol.results(encoders, clips, folds, request, cache)
    random_answers = None if random_encoder is None else answers[-1]
    if damaged:
        clips = clips.with_damage(damaged, request.input_view.modality)
        folds = [fold.without(np.array(damaged)) for fold in folds]
    return Outcome(clips, folds, answers[0], random_answers, facts, seconds)


def _check(folds: Sequence[Fold], clips: LabelledClips) -> None:
    check_classes(folds, clips)
    for fold in folds:
        if shared := shared_videos(clips.table, fold):
            note(f"fold {fold.name}: {shared} videos have clips in both training and test, which flatters the score")
