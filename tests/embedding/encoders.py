"""Encoders that take no time: one convolution, and the mean of it."""

from pathlib import Path

import keras

from brave_tf.config import AudioViewConfig, EvaluationConfig
from brave_tf.encoders.card import EncoderCard, weights_sha256
from brave_tf.encoders.encoder import Encoder, seeded_initialisation

VIEW = EvaluationConfig(frames=4, step=2, size=16, shorter_side=18, audio_seconds=0.5)
"""A window of 0.32 s of picture or 0.5 s of sound."""
SIZE = 6


def video_encoder(seed: int = 0) -> Encoder:
    """Frames [B, T, H, W, 3] -> [B, SIZE]."""
    with seeded_initialisation(seed):
        video = keras.Input((None, None, None, 3), name="video")
        maps = keras.layers.Conv3D(SIZE, (2, 3, 3), strides=(1, 4, 4), name="maps")(video)
        model = keras.Model(video, keras.layers.GlobalAveragePooling3D()(maps))
    return _encoder(model, EncoderCard(view=VIEW, weights_sha256=weights_sha256(model)))


def audio_encoder() -> Encoder:
    """Spectrograms [B, S, M] -> [B, SIZE]."""
    with seeded_initialisation(0):
        sound = keras.Input((None, 80), name="audio")
        maps = keras.layers.Conv1D(SIZE, 3, strides=2)(sound)
        model = keras.Model(sound, keras.layers.GlobalAveragePooling1D()(maps))
    card = EncoderCard("audio", "audio", view=VIEW, audio=AudioViewConfig(), weights_sha256=weights_sha256(model))
    return _encoder(model, card)


def _encoder(model: keras.Model, card: EncoderCard) -> Encoder:
    return Encoder(model, card, Path("tiny"), model.variables, model.trainable_variables)
