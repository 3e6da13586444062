"""What an evaluation is to do, and its outcome."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from brave_tf.config import EvaluationInput
from brave_tf.config.values import changed
from brave_tf.data.dataset import Dataset
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.protocol import EncoderLike, EvaluationProtocol
from brave_tf.evaluation.scores import Answers
from brave_tf.modalities import MODALITIES


@dataclasses.dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        protocol: the protocol with its settings.
        input_view: the evaluation-time input and its constants.
        label: label column; None chooses it.
        folds: see `brave_tf.evaluation.folds.make_folds`.
        seed: decides augmented samples, classifiers, the random initialisation, and which labels are a part of them.
        label_fractions: parts of the training labels to score it with, too; see `brave_tf.evaluation.label_fractions`.
    """

    protocol: EvaluationProtocol
    input_view: EvaluationInput
    label: str | None = None
    folds: str | None = None
    seed: int = 0
    label_fractions: tuple[float, ...] = ()


@dataclasses.dataclass(frozen=True)
class Beside:
    """An encoder to compare with.

    Attributes:
        name: what it is called.
        encoder: the encoder.
        input_view: what it is shown.
    """

    name: str
    encoder: EncoderLike
    input_view: EvaluationInput


@dataclasses.dataclass(frozen=True)
class EncoderAnswers:
    """The answers of one encoder.

    Attributes:
        name: what it is called.
        folds: what was trained and tested on.
        answers: one for each fold.
        subsets: folds that train on a part of the labels.
        on_subsets: one answer for each of them.
    """

    name: str
    folds: Sequence[Fold]
    answers: list[Answers]
    subsets: Sequence[Fold] = ()
    on_subsets: Sequence[Answers] = ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The answers of an evaluation.

    Attributes:
        clips: the clips that were used.
        folds: what was trained and tested on.
        trained: answers of the encoder, one for each fold.
        random: answers of the random network, or None.
        facts: what the protocol tells besides; see `brave_tf.evaluation.protocol.Results`.
        seconds: what the time was spent on.
        subsets: folds that train on a part of the labels.
        trained_on_subsets: answers of the encoder, one for each of them.
        random_on_subsets: answers of the random network, or None.
        beside: the answers of other encoders.
    """

    clips: LabelledClips
    folds: Sequence[Fold]
    trained: list[Answers]
    random: list[Answers] | None
    facts: dict[str, Any]
    seconds: dict[str, float]
    subsets: Sequence[Fold] = ()
    trained_on_subsets: Sequence[Answers] = ()
    random_on_subsets: Sequence[Answers] | None = None
    beside: Sequence[EncoderAnswers] = ()


def changed_input(card: EncoderCard, view: Mapping[str, Any]) -> EvaluationInput:
    """The evaluation-time input of an encoder, with some keys of `EvaluationConfig` changed.

    Raises:
        UserError: a key is unknown, or the values do not fit.
    """
    input_view = card.input_view
    input_view = dataclasses.replace(input_view, view=changed(input_view.view, view))
    if input_view.view.size > input_view.view.shorter_side:
        raise UserError(
            f"received size={input_view.view.size}, shorter_side={input_view.view.shorter_side}; "
            "expected size <= shorter side"
        )
    return input_view


def check_fit(encoder: Encoder, dataset: Dataset) -> None:
    """Raises UserError if a dataset lacks what an encoder embeds, or holds it at another rate."""
    card = encoder.card
    if card.audio is not None and dataset.audio_rate_hz not in (None, card.audio.sample_rate_hz):
        raise UserError(
            f"{dataset.path} holds sound at {dataset.audio_rate_hz} Hz; {encoder.path} expects "
            f"{card.audio.sample_rate_hz} Hz; prepare it with --audio-rate {card.audio.sample_rate_hz}"
        )
    if not MODALITIES[card.modality].is_sound:
        dataset.check_pictures(card.modality, card.view.step, str(encoder.path), "embeds")
