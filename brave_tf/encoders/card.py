"""What an encoder file says about itself: which input it takes and which network it is."""

import dataclasses
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pydantic

from brave_tf.config import (
    AudioViewConfig,
    AugmentConfig,
    Config,
    EvaluationConfig,
    EvaluationInput,
    Modality,
    VideoViewConfig,
)
from brave_tf.config.values import to_dict
from brave_tf.errors import UserError, did_you_mean
from brave_tf.modalities import MODALITIES, NARROW, Tower, TowerChoice

CARD_NAME = "brave_tf.json"
"""File of the card, inside a `.keras` archive or beside a `saved_model.pb`."""


@dataclasses.dataclass(frozen=True)
class EncoderCard:
    """The facts that an encoder travels with.

    Attributes:
        modality: what it embeds, see `brave_tf.modalities`.
        tower: which tower of its experiment it is.
        network: class name and constructor arguments of the backbone, to build it anew.
        view: the evaluation-time input.
        audio: the log-mel front end of an audio encoder.
        augment: the augmentation of its view in pre-training; None if it is not known, as of older files, or of sound.
        preset: the experiment that it comes from; empty when unknown.
        steps: training steps behind the weights.
        weights_sha256: `weights_sha256` of the weights.
    """

    modality: Modality = NARROW
    tower: Tower = "narrow"
    network: dict[str, Any] = dataclasses.field(default_factory=dict)
    view: EvaluationConfig = EvaluationConfig()
    audio: AudioViewConfig | None = None
    augment: AugmentConfig | None = None
    preset: str = ""
    steps: int = 0
    weights_sha256: str = ""

    @property
    def input_view(self) -> EvaluationInput:
        """What the encoder is shown at evaluation time."""
        return EvaluationInput(self.modality, self.view, self.audio, self.augment)

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(to_dict(self), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes, source: Path) -> "EncoderCard":
        """Reads a card.

        Raises:
            UserError: the text is not a card.
        """
        try:
            return pydantic.TypeAdapter(cls).validate_json(text)
        except pydantic.ValidationError:
            raise UserError(f"{source} holds a damaged {CARD_NAME}; export or save the encoder again") from None


def card_of(config: Config, backbone: keras.Model, steps: int, tower: Tower = "narrow") -> EncoderCard:
    """The card of a backbone that was trained as `config` says."""
    visual: dict[Tower, VideoViewConfig] = {"narrow": config.narrow}
    visual |= config.broad.visual.items()
    trained_on = visual.get(tower)
    return EncoderCard(
        modality=NARROW if tower == "narrow" else tower,
        tower=tower,
        network=network_of(backbone),
        view=_view(config, tower),
        audio=None if tower == "narrow" else config.broad.sound.get(tower),
        augment=None if trained_on is None else trained_on.augment,
        preset=config.name,
        steps=steps,
        weights_sha256=weights_sha256(backbone),
    )


def network_of(backbone: keras.Model) -> dict[str, Any]:
    """Class name and constructor arguments of a backbone; not its precision, as encoders compute in float32."""
    config = {key: value for key, value in backbone.get_config().items() if key != "dtype"}
    return {"class": type(backbone).__name__, **config}


def choose_tower(choice: TowerChoice | None, available: Sequence[Tower], source: str) -> Tower:
    """The tower that a user means.

    Args:
        choice: the user's word; None for the narrow tower.
        available: what there is.
        source: where, for messages.

    Raises:
        UserError: there is no such tower, or several could be meant.
    """
    if choice is None:
        choice = "narrow"
    if choice == "broad":
        broad = [name for name in available if name != "narrow"]
        visual = [name for name in broad if not MODALITIES[name].is_sound]
        meant = visual or broad
        if len(meant) != 1:
            raise UserError(
                f"received --tower broad; {source} has {len(meant)} that fit; expected one of {', '.join(available)}"
            )
        return meant[0]
    if choice not in available:
        raise UserError(
            f"received --tower {choice}; {did_you_mean(choice, available)}{source} has the towers "
            f"{', '.join(available)}; choose one of them"
        )
    return choice


def _view(config: Config, tower: Tower) -> EvaluationConfig:
    """The experiment's evaluation-time input; a broad visual tower sees as many frames and pixels as it was trained on.

    Differs from the paper, which does not say how it evaluates broad backbones.
    """
    shared = config.evaluation
    if tower == "narrow" or tower not in config.broad.visual:
        return shared
    broad = config.broad.visual[tower]
    side = round(broad.size * shared.shorter_side / shared.size)
    return dataclasses.replace(shared, frames=broad.frames, step=broad.step, size=broad.size, shorter_side=side)


def weights_sha256(model: keras.Model) -> str:
    """SHA-256 over all weights, in order, as little-endian bytes of their own type."""
    return sha256_of(model.weights)


def sha256_of(variables: Iterable[Any]) -> str:
    """SHA-256 over variables, in order, as little-endian bytes of their own type."""
    digest = hashlib.sha256()
    for variable in variables:
        array = np.ascontiguousarray(variable.numpy())
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def checksum_of(variables: Iterable[Any]) -> int:
    """What changes when a value of the variables does, but for chance; made to be quick, and no proof of anything."""
    checksum = 0
    for variable in variables:
        checksum = zlib.crc32(np.ascontiguousarray(variable.numpy()).view(np.uint8).data, checksum)
    return checksum


def add_to_archive(path: Path, card: EncoderCard) -> None:
    """Writes the card into a `.keras` archive, where Keras leaves it alone."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(CARD_NAME, card.to_json())


def read_from_archive(path: Path) -> EncoderCard | None:
    """The card in a `.keras` archive, or None if it has none."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        if CARD_NAME not in archive.namelist():
            return None
        return EncoderCard.from_json(archive.read(CARD_NAME), path)
