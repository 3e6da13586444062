"""Encoders as users hold them, and how they are written; `brave_tf.encoders.loading` reads them."""

import contextlib
import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf.config import AudioViewConfig, EvaluationInput
from brave_tf.encoders import card as cards
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.portable import copy_weights, to_stock_layers
from brave_tf.errors import UserError
from brave_tf.files import replaced
from brave_tf.modalities import MODALITIES, Tower
from brave_tf.models.backbones import NETWORKS
from brave_tf.runs.paths import ENCODER_FILE as ENCODER_FILE
from brave_tf.runs.paths import TOWER_FILES as TOWER_FILES

RANDOM = "random:"
BASELINE = "baseline:"
KERAS_HUB = "keras-hub:"


class Encoder:
    """A frozen or trainable backbone: `encoder(clips, training=False)` -> [B, D] float32.

    Attributes:
        card: what the encoder says about itself.
        path: where it came from.
        model: the Keras model, or None for a SavedModel.
        variables: all its variables.
        trainable_variables: those that training changes.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        card: EncoderCard,
        path: Path,
        variables: Any,
        trainable_variables: Any,
        embedding_size: int | None = None,
    ):
        self._function = function
        self.card = card
        self.path = path
        self.model = function if isinstance(function, keras.Model) else None
        self.variables = list(variables)
        self.trainable_variables = list(trainable_variables)
        self._embedding_size = embedding_size
        self._loaded_checksum = cards.checksum_of(self._weights)

    def __call__(self, video: Any, training: bool = False) -> tf.Tensor:
        """Embeds clips.

        Args:
            video: [B, T, H, W, 3] float32 in [0, 1]; for an optical flow encoder [B, T, H, W, 2] in [-1, 1]; for an
                audio encoder log-mel spectrograms [B, S, M].
            training: whether batch norm uses the batch's statistics.

        Returns:
            [B, D] float32.

        Raises:
            UserError: the input has another rank, or holds integers.
        """
        video = tf.convert_to_tensor(video)
        if video.shape.rank != len(self._input) + 1 or not video.dtype.is_floating:
            expected = MODALITIES[self.card.modality].network_input
            raise UserError(f"received {video.dtype.name} {video.shape}; expected float32 {expected}")
        return tf.cast(self._function(tf.cast(video, tf.float32), training=training), tf.float32)

    @property
    def _input(self) -> tuple[int, ...]:
        """A small input's shape, without the batch."""
        facts = MODALITIES[self.card.modality]
        if facts.is_sound:
            return (32, (self.card.audio or AudioViewConfig()).mel_bands)
        return (1, 32, 32, facts.channels)

    @property
    def embedding_size(self) -> int:
        """D."""
        if self._embedding_size is not None:
            return self._embedding_size
        if self.model is not None:
            return int(self.model.output_shape[-1])
        return int(self(np.zeros([1, *self._input], "float32")).shape[-1])

    @property
    def _weights(self) -> list[Any]:
        """Its variables, without the states of random generators where it has such."""
        return self.variables if self.model is None else self.model.weights

    def weights_sha256(self) -> str:
        """What tells its weights apart: the card's hash, or one over its variables.

        Of weights that were changed since they were loaded, such as by training, it is that of what they are now; the
        card tells it from then on.
        """
        checksum = cards.checksum_of(self._weights)
        if checksum != self._loaded_checksum:
            self.card = dataclasses.replace(self.card, weights_sha256=cards.sha256_of(self._weights))
            self._loaded_checksum = checksum
        return self.card.weights_sha256 or cards.sha256_of(self.variables)

    def check_takes(self, input_view: EvaluationInput, remedy: str) -> None:
        """Raises `UserError` if its network takes clips of one shape alone, and is to be shown others.

        Args:
            input_view: what it is to be shown.
            remedy: what to do about it, for the message.
        """
        shape = getattr(self.model, "input_shape", None)
        taken, shown = list(shape[1:]) if isinstance(shape, tuple) else [], list(input_view.clip_shape)
        fits = len(taken) == len(shown) and all(own in (None, other) for own, other in zip(taken, shown, strict=True))
        if taken and not fits:
            raise UserError(f"{self.path} takes clips {taken} alone; received clips {shown}; expected those; {remedy}")

    @property
    def is_random(self) -> bool:
        """Whether it is a named network at random initialisation."""
        return str(self.path).startswith(RANDOM)

    @property
    def is_replicated(self) -> bool:
        """Whether its variables are on every device of a strategy: it was loaded within the strategy's scope."""
        values = (each.value if isinstance(each, keras.Variable) else each for each in self.variables)
        return all(isinstance(value, tf.distribute.DistributedValues) for value in values)

    def random_twin(self, seed: int = 0) -> "Encoder | None":
        """The same network at random initialisation; None if it has no weights, or does not say which network it is."""
        if not self.variables:
            return None
        with seeded_initialisation(seed):
            model = self._fresh_network()
        if model is None:
            return None
        card = dataclasses.replace(self.card, steps=0, weights_sha256=cards.weights_sha256(model))
        return Encoder(model, card, self.path, model.variables, model.trainable_variables)

    def own_network(self) -> keras.Model:
        """The Keras model, of this library's layers where the card says which network it is.

        A `.keras` file holds stock layers, some of which other formats do not have; what it holds is the same.

        Raises:
            ValueError: it is a SavedModel.
        """
        if self.model is None:
            raise ValueError(f"{self.path} is a SavedModel; expected an encoder with a Keras model")
        if isinstance(self.model, tuple(NETWORKS.values())):
            return self.model
        try:
            network = self._fresh_network() if self.card.network.get("class") in NETWORKS else None
        except (TypeError, ValueError):  # a card of another version, whose network has other arguments
            network = None
        return self.model if network is None or not copy_weights(self.model, network) else network

    def _fresh_network(self) -> keras.Model | None:
        network = dict(self.card.network)
        name = network.pop("class", None)
        if name in NETWORKS:
            return NETWORKS[name](**network)
        try:
            return None if self.model is None else keras.models.clone_model(self.model)
        except (ValueError, TypeError, NotImplementedError):  # a class of its own that does not say how it is made
            return None


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
    with replaced(path) as partial:
        to_stock_layers(backbone).save(partial)
        cards.add_to_archive(partial, card)


def save_towers(encoders: Mapping[Tower, keras.Model], cards_of: Mapping[Tower, EncoderCard], run: Path) -> None:
    """Writes the backbones of a run, the narrow one last: its file says that the run is complete."""
    for tower in sorted(encoders, key=lambda name: name == "narrow"):
        save_encoder(encoders[tower], cards_of[tower], run / TOWER_FILES[tower])
