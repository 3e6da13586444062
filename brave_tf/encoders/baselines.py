"""Encoders without weights, to compare trained ones with: what is in the input already."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

import keras
from keras import ops

from brave_tf.config import AudioViewConfig
from brave_tf.encoders.card import EncoderCard

SIDE = 16
"""Height and width of the pictures that pixels and frame differences become."""


def load_baseline(name: str) -> tuple[keras.Model, EncoderCard]:
    """A baseline of `BASELINES`, and its card."""
    model, card = BASELINES[name]()
    # They have no weights that could tell them apart.
    return model, dataclasses.replace(card, weights_sha256=hashlib.sha256(f"baseline:{name}".encode()).hexdigest())


def _log_mel() -> tuple[keras.Model, EncoderCard]:
    """Mean and standard deviation over time of every mel band, [B, S, M] -> [B, 2 * M]."""
    audio = AudioViewConfig()
    spectrogram = keras.Input((None, audio.mel_bands), name="audio")
    moments = [ops.mean(spectrogram, axis=1), ops.std(spectrogram, axis=1)]
    model = keras.Model(spectrogram, ops.concatenate(moments, axis=-1), name="log_mel")
    return model, EncoderCard("audio", "audio", audio=audio)


def _pixels() -> tuple[keras.Model, EncoderCard]:
    """The mean of the frames at 16 x 16 pixels, [B, T, H, W, 3] -> [B, 768]."""
    video = keras.Input((None, None, None, 3), name="video")
    return _of_pictures(video, ops.mean(video, axis=1), "pixels")


def _frame_differences() -> tuple[keras.Model, EncoderCard]:
    """The mean absolute difference of frames that follow one another, at 16 x 16 pixels; 0 of a single frame.

    [B, T, H, W, 3] -> [B, 768].
    """
    video = keras.Input((None, None, None, 3), name="video")
    differences = ops.abs(video[:, 1:] - video[:, :-1])
    count = ops.maximum(ops.sum(ops.ones_like(differences[:, :, :1, :1, :1]), axis=1), 1.0)
    return _of_pictures(video, ops.sum(differences, axis=1) / count, "frame_differences")


def _of_pictures(video: keras.KerasTensor, pictures: keras.KerasTensor, name: str) -> tuple[keras.Model, EncoderCard]:
    # Smoothed first, so that a pixel of the small picture is the mean of those that it stands for.
    small = ops.image.resize(pictures, (SIDE, SIDE), interpolation="bilinear", antialias=True)
    model = keras.Model(video, ops.reshape(small, (-1, SIDE * SIDE * 3)), name=name)
    return model, EncoderCard()


BASELINES: Mapping[str, Callable[[], tuple[keras.Model, EncoderCard]]] = {
    "log-mel": _log_mel,
    "pixels": _pixels,
    "frame-differences": _frame_differences,
}
