"""The signatures of an exported encoder."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from brave_tf.data.evaluation_frames import as_shown, center_crop, resize_shorter_side
from brave_tf.data.spectrogram import log_mel
from brave_tf.encoders.encoder import Encoder
from brave_tf.modalities import MODALITIES

Signatures = dict[str, Any]


def reusable_object(encoder: Encoder) -> tuple[tf.train.Checkpoint, Signatures]:
    """The root object of the SavedModel and its signatures.

    The root follows the conventions of reusable SavedModels: it is callable as `obj(clips, training=False)`, and has
    `variables`, `trainable_variables` and `regularization_losses`. For `keras.layers.TFSMLayer`, which does not say
    whether it trains, it has the endpoints `serve` and `call_training`. Clips are what the encoder takes:
    [B, T, H, W, 3] float32 in [0, 1], of optical flow [B, T, H, W, 2] in [-1, 1], of sound log-mel spectrograms
    [B, S, M].

    Args:
        encoder: an encoder with a Keras model.

    Returns:
        The root, and the signatures. Of frames `serving_default` and `video` (as above) and `video_uint8` (stored
        frames of any size, resized, cropped and made grey as in evaluation). Of sound `serving_default` and `audio` (a
        waveform [B, N] float32 in [-1, 1] at the encoder's rate) and `spectrogram`. Each returns {"embedding": [B, D]
        float32}.
    """
    clips = clip_spec(encoder)

    @tf.function
    def call(clips: tf.Tensor, training: bool = False) -> tf.Tensor:
        return encoder(clips, training=training)

    for training in (False, True):
        call.get_concrete_function(clips, training=training)
    root = tf.train.Checkpoint()
    root.__call__ = call
    root.serve = tf.function(functools.partial(call, training=False), input_signature=[clips])
    root.call_training = tf.function(functools.partial(call, training=True), input_signature=[clips])
    root.variables = [variable.value for variable in encoder.variables]
    root.trainable_variables = [variable.value for variable in encoder.trainable_variables]
    root.regularization_losses = []
    make = _of_sound if MODALITIES[encoder.card.modality].is_sound else _of_frames
    return root, make(encoder, call, clips)


def clip_spec(encoder: Encoder) -> tf.TensorSpec:
    """What the encoder takes, with the name of the argument: `video`, of sound `spectrogram`."""
    facts = MODALITIES[encoder.card.modality]
    if facts.is_sound:
        return tf.TensorSpec([None, None, encoder.card.input_view.sound.mel_bands], tf.float32, name="spectrogram")
    return tf.TensorSpec([None, None, None, None, facts.channels], tf.float32, name="video")


def clip_shape(encoder: Encoder) -> tuple[int, ...]:
    """The shape of one clip as evaluation shows it: [1, T, H, W, C], or [1, S, M] of sound."""
    return (1, *encoder.card.input_view.clip_shape)


def _of_frames(encoder: Encoder, call: Callable[..., tf.Tensor], clips: tf.TensorSpec) -> Signatures:
    @tf.function(input_signature=[clips])
    def embed_video(video: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": call(video, training=False)}

    @tf.function(input_signature=[tf.TensorSpec(clips.shape, tf.uint8, name="video")])
    def embed_uint8(video: tf.Tensor) -> dict[str, tf.Tensor]:
        view, input_view = encoder.card.view, encoder.card.input_view
        shape, channels = tf.shape(video), video.shape[-1]
        frames = tf.reshape(video, tf.stack([shape[0] * shape[1], shape[2], shape[3], channels]))
        frames = center_crop(resize_shorter_side(frames, view.shorter_side), view.size)
        cropped = tf.reshape(frames, tf.stack([shape[0], shape[1], view.size, view.size, channels]))
        return {"embedding": call(as_shown(cropped, input_view.modality, input_view.is_gray), training=False)}

    return {"serving_default": embed_video, "video": embed_video, "video_uint8": embed_uint8}


def _of_sound(encoder: Encoder, call: Callable[..., tf.Tensor], clips: tf.TensorSpec) -> Signatures:
    @tf.function(input_signature=[clips])
    def embed_spectrogram(spectrogram: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": call(spectrogram, training=False)}

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="audio")])
    def embed_audio(audio: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": call(log_mel(audio, encoder.card.input_view.sound), training=False)}

    return {"serving_default": embed_audio, "audio": embed_audio, "spectrogram": embed_spectrogram}
