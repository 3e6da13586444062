"""Encoders that others made: any function from clips to embeddings, with a card that says what it is shown."""

import dataclasses
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf.encoders.card import EncoderCard, sha256_of
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError, reason_of


def as_encoder(function: Callable[..., Any], card: EncoderCard, *, name: str) -> Encoder:
    """Makes an encoder of any function, for `brave_tf.evaluate` and wherever else an encoder goes.

    Args:
        function: from clips [B, T, H, W, C] float32 in [0, 1] (of optical flow in [-1, 1]; of sound log-mel
            spectrograms [B, S, M]) to embeddings [B, D]. A Keras model, a `tf.Module` or a `tf.function` runs as
            TensorFlow's graph; anything else, such as a network of PyTorch or JAX, is given a NumPy array and gives
            back an array.
        card: what it is shown: `card.view` has the frames, their distance, and their size.
        name: what tells it from others, and from its own other versions. Features are kept under it where the function
            has no variables that tell its weights apart.

    Returns:
        The encoder.

    Raises:
        UserError: an argument is of another kind, or the function does not make embeddings of such clips.

    Example:
        >>> card = brave_tf.EncoderCard(view=brave_tf.config.EvaluationConfig(frames=16, step=4, size=224))
        >>> encoder = brave_tf.as_encoder(lambda clips: clips.mean(axis=(1, 2, 3)), card, name="mean-color")
        >>> brave_tf.evaluate(encoder, "dataset", "reports/mean-color")["mean"]
    """
    if not callable(function):
        raise UserError(f"received a {type(function).__name__}; expected a function from clips to embeddings")
    if not isinstance(card, EncoderCard):
        raise UserError(f"received a {type(card).__name__} as the card; expected a brave_tf.EncoderCard")
    if not name or not name.isprintable():
        raise UserError(f"received the name {name!r}; expected one that tells this encoder from others")
    size = _embedding_size(function, card, name)
    in_graph = isinstance(function, keras.Model | tf.Module) or hasattr(function, "get_concrete_function")
    called = function if isinstance(function, keras.Model) else _Called(function, size, in_graph)
    # Of what does not run in TensorFlow's graph, TensorFlow knows no variables.
    variables, trainable = ([], []) if not in_graph else _variables(function)
    if not card.weights_sha256:
        digest = sha256_of(variables) if variables else hashlib.sha256(name.encode()).hexdigest()
        card = dataclasses.replace(card, weights_sha256=digest)
    return Encoder(called, card, Path(name), variables, trainable, size)


def _variables(function: Any) -> tuple[list[Any], list[Any]]:
    return list(getattr(function, "variables", ())), list(getattr(function, "trainable_variables", ()))


class _Called:
    """A function of somebody else, called as an encoder is."""

    def __init__(self, function: Callable[..., Any], size: int, in_graph: bool):
        self._function, self._size, self._in_graph = function, size, in_graph
        self._options = ("training",) if in_graph and _takes_training(function) else ()

    def __call__(self, clips: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self._in_graph:
            return self._function(clips, **dict.fromkeys(self._options, training))
        embeddings = tf.numpy_function(self._embed, [clips], tf.float32)
        return tf.ensure_shape(embeddings, [clips.shape[0], self._size])

    def _embed(self, clips: np.ndarray) -> np.ndarray:
        return _as_array(self._function(clips))


def _takes_training(function: Callable[..., Any]) -> bool:
    called = getattr(function, "python_function", function)
    parameters = inspect.signature(called).parameters
    return "training" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())


def _as_array(value: Any) -> np.ndarray:
    # PyTorch refuses to make arrays of what it could differentiate, or has elsewhere.
    value = value.detach().cpu() if hasattr(value, "detach") else value
    return np.asarray(value, dtype=np.float32)


def _embedding_size(function: Callable[..., Any], card: EncoderCard, name: str) -> int:
    """D, found by embedding two black or silent clips of the size that the card tells."""
    shape = (2, *card.input_view.clip_shape)
    clips = np.zeros(shape, np.float32)
    try:
        embeddings = _as_array(function(clips))
    except Exception as error:  # whatever somebody's function raises
        raise UserError(
            f"{name} cannot embed clips {list(shape)} float32, as its card tells them ({reason_of(error)}); change its "
            "card, or the function"
        ) from error
    if embeddings.ndim != 2 or embeddings.shape[0] != 2 or not embeddings.shape[1]:
        raise UserError(f"{name} makes {list(embeddings.shape)} of clips {list(shape)}; expected embeddings [2, D]")
    if not np.isfinite(embeddings).all():
        raise UserError(f"{name} makes embeddings that are not finite of clips of zeros; expected numbers")
    return int(embeddings.shape[1])
