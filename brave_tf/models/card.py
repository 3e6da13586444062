"""What an encoder file says about itself: which input it takes and which network it is."""

import dataclasses
import hashlib
import importlib
import json
import zipfile
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import pydantic

from brave_tf.config import Config, EvaluationConfig
from brave_tf.config_values import to_dict
from brave_tf.errors import UserError

CARD_NAME = "brave_tf.json"
"""File of the card, inside a `.keras` archive or beside a `saved_model.pb`."""

HOMES = ("brave_tf.training.brave", "brave_tf.models.tsm_resnet", "brave_tf.models.r3d", "brave_tf.models.audio_resnet")
"""Modules whose models may be saved whole. A file can name any module; only these are imported for it."""


@dataclasses.dataclass(frozen=True)
class EncoderCard:
    """The facts that an encoder travels with.

    Attributes:
        modality: what it embeds, "rgb" or "audio".
        network: class name and constructor arguments of the backbone, to build it anew.
        view: the evaluation-time input.
        preset: the experiment that it comes from; empty when unknown.
        steps: training steps behind the weights.
        weights_sha256: `weights_sha256` of the weights.
    """

    modality: Literal["rgb", "audio"] = "rgb"
    network: dict[str, Any] = dataclasses.field(default_factory=dict)
    view: EvaluationConfig = EvaluationConfig()
    preset: str = ""
    steps: int = 0
    weights_sha256: str = ""

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


def card_of(config: Config, backbone: keras.Model, steps: int) -> EncoderCard:
    """The card of a narrow backbone that was trained as `config` says."""
    return EncoderCard(
        modality="rgb",
        network={"class": type(backbone).__name__, **backbone.get_config()},
        view=config.evaluation,
        preset=config.name,
        steps=steps,
        weights_sha256=weights_sha256(backbone),
    )


def weights_sha256(model: keras.Model) -> str:
    """SHA-256 over all weights, in order, as little-endian bytes of their own type."""
    digest = hashlib.sha256()
    for weight in model.weights:
        array = np.ascontiguousarray(weight.numpy())
        digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def add_to_archive(path: Path, card: EncoderCard) -> None:
    """Writes the card into a `.keras` archive, where Keras leaves it alone."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(CARD_NAME, card.to_json())


def import_home(path: Path) -> None:
    """Imports the part of this library that registers the class of a `.keras` archive, if it is one of ours.

    Raises:
        ValueError: the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        module = json.loads(archive.read("config.json")).get("module")
    if module in HOMES:
        importlib.import_module(module)


def read_from_archive(path: Path) -> EncoderCard | None:
    """The card in a `.keras` archive, or None if it has none."""
    with zipfile.ZipFile(path) as archive:
        if CARD_NAME not in archive.namelist():
            return None
        return EncoderCard.from_json(archive.read(CARD_NAME), path)
