"""Encoders as users hold them: loaded from a run, a `.keras` file or a SavedModel."""

import contextlib
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf import presets
from brave_tf.errors import UserError
from brave_tf.models import card as cards
from brave_tf.models.backbones import NETWORKS, video_backbone
from brave_tf.models.card import EncoderCard
from brave_tf.models.portable import to_stock_layers

ENCODER_FILE = "encoder.keras"
RANDOM = "random:"


class Encoder:
    """A frozen or trainable backbone: `encoder(video, training=False)` -> [B, D] float32.

    Attributes:
        card: what the encoder says about itself.
        path: where it came from.
        model: the Keras model, or None for a SavedModel.
        variables: all its variables.
        trainable_variables: those that training changes.
    """

    def __init__(
        self, function: Callable[..., Any], card: EncoderCard, path: Path, variables: Any, trainable_variables: Any
    ):
        self._function = function
        self.card = card
        self.path = path
        self.model = function if isinstance(function, keras.Model) else None
        self.variables = list(variables)
        self.trainable_variables = list(trainable_variables)

    def __call__(self, video: Any, training: bool = False) -> tf.Tensor:
        """Embeds clips.

        Args:
            video: [B, T, H, W, 3] float32 in [0, 1]; for an audio encoder, log-mel spectrograms [B, S, M].
            training: whether batch norm uses the batch's statistics.

        Returns:
            [B, D] float32.

        Raises:
            UserError: the input has another rank, or holds integers.
        """
        video = tf.convert_to_tensor(video)
        rank, shape = (3, "[B, S, M]") if self.card.modality == "audio" else (5, "[B, T, H, W, 3]")
        if video.shape.rank != rank or not video.dtype.is_floating:
            raise UserError(
                f"received {video.dtype.name} {video.shape}; expected float32 {shape}"
                + ("" if rank == 3 else " in [0, 1]; divide uint8 frames by 255")
            )
        return tf.cast(self._function(tf.cast(video, tf.float32), training=training), tf.float32)

    @property
    def embedding_size(self) -> int:
        """D."""
        if self.model is not None:
            return int(self.model.output_shape[-1])
        return int(
            self(np.zeros([1, 1, 32, 32, 3] if self.card.modality == "rgb" else [1, 32, 80], "float32")).shape[-1]
        )

    def random_twin(self, seed: int = 0) -> "Encoder":
        """The same network at random initialisation.

        Raises:
            UserError: the encoder does not say which network it is.
        """
        with seeded_initialisation(seed):
            model = self._fresh_network()
        return Encoder(model, self.card, self.path, model.variables, model.trainable_variables)

    def _fresh_network(self) -> keras.Model:
        network = dict(self.card.network)
        name = network.pop("class", None)
        if name in NETWORKS:
            return NETWORKS[name](**network)
        if self.model is not None:
            return keras.models.clone_model(self.model)
        raise UserError(f"{self.path} does not say which network it holds; a comparison with random weights needs that")


@contextlib.contextmanager
def seeded_initialisation(seed: int) -> Iterator[None]:
    """Makes every network that is built inside it a pure function of `seed`, and leaves other random state alone."""
    # Keras draws the seed of each unseeded initialiser from Python's own generator.
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def save_encoder(backbone: keras.Model, card: EncoderCard, path: Path) -> None:
    """Writes a backbone as a `.keras` file of stock layers with its card, atomically."""
    partial = path.with_name(f".{path.stem}.partial.keras")
    to_stock_layers(backbone).save(partial)
    cards.add_to_archive(partial, card)
    os.replace(partial, path)


def load_encoder(path: str | os.PathLike[str]) -> Encoder:
    """Loads an encoder.

    Args:
        path: a run directory, a `.keras` file (also of a whole `Brave` model), an exported SavedModel directory, or
            `random:PRESET` for the narrow backbone of a preset at random initialisation.

    Returns:
        A callable `(video, training=False)`; see `Encoder`.

    Raises:
        UserError: there is nothing there, or it is not an encoder.

    Example:
        >>> encoder = brave_tf.load_encoder("runs/first")
        >>> encoder(np.zeros([1, 8, 64, 64, 3], "float32")).shape
        TensorShape([1, 512])
    """
    if str(path).startswith(RANDOM):
        return _random(str(path).removeprefix(RANDOM))
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path} does not exist; expected a run directory, a .keras file or an exported SavedModel")
    if path.is_file():
        return _load_keras(path)
    if (path / "saved_model.pb").is_file():
        return _load_saved_model(path)
    if (path / ENCODER_FILE).is_file():
        return _load_keras(path / ENCODER_FILE)
    if (path / "config.json").is_file():
        raise UserError(f"{path} is a run that has not finished; run the same pretrain command again to go on")
    raise UserError(f"{path} holds no encoder; expected {ENCODER_FILE} (a run) or saved_model.pb (an export) in it")


def _random(preset: str) -> Encoder:
    config = presets.get(preset)
    with seeded_initialisation(config.seed):
        model = video_backbone(config.model.narrow, "narrow_backbone")
    card = cards.card_of(config, model, steps=0)
    return Encoder(model, card, Path(RANDOM + preset), model.variables, model.trainable_variables)


def _load_keras(path: Path) -> Encoder:
    try:
        cards.import_home(path)
        model = keras.saving.load_model(path, compile=False)
        card = cards.read_from_archive(path)
    except UserError:
        raise
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path} is not a readable .keras model: {reason}") from error
    encoder = getattr(model, "encoder", model)
    if encoder is not model:
        card = cards.card_of(model.config, encoder, steps=0)
    if card is None:
        card = EncoderCard(modality="audio" if len(encoder.input_shape) == 3 else "rgb")
    return Encoder(encoder, card, path, encoder.variables, encoder.trainable_variables)


def _load_saved_model(path: Path) -> Encoder:
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{path} is not a readable SavedModel: {reason}") from error
    if not callable(loaded):
        raise UserError(f"{path} is a SavedModel that cannot be called; expected one that `brave-tf export` wrote")
    card_file = path / cards.CARD_NAME
    card = EncoderCard.from_json(card_file.read_bytes(), path) if card_file.is_file() else EncoderCard()
    return Encoder(loaded, card, path, loaded.variables, loaded.trainable_variables)
