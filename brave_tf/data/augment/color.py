"""Colour jitter: brightness, saturation, contrast, hue, in this order."""

import tensorflow as tf


def jitter(
    frames: tf.Tensor, brightness: tf.Tensor, saturation: tf.Tensor, contrast: tf.Tensor, hue: tf.Tensor
) -> tf.Tensor:
    """Changes the colours of every view by its own amounts, then clips to [0, 1].

    Args:
        frames: [B, T, H, W, 3] float32 in [0, 1].
        brightness: [B] offsets.
        saturation: [B] factors.
        contrast: [B] factors, around the mean of each frame and channel.
        hue: [B] rotations, as shares of the colour circle.

    Returns:
        [B, T, H, W, 3] float32 in [0, 1].
    """
    frames = frames + _per_view(brightness)
    frames = _in_hsv(frames, saturation=saturation)
    mean = tf.reduce_mean(frames, axis=(2, 3), keepdims=True)
    frames = (frames - mean) * _per_view(contrast) + mean
    return tf.clip_by_value(_in_hsv(frames, hue=hue), 0.0, 1.0)


def _in_hsv(frames: tf.Tensor, saturation: tf.Tensor | None = None, hue: tf.Tensor | None = None) -> tf.Tensor:
    hues, saturations, values = tf.unstack(tf.image.rgb_to_hsv(frames), axis=-1)
    if saturation is not None:
        saturations = tf.clip_by_value(saturations * _per_view(saturation)[..., 0], 0.0, 1.0)
    if hue is not None:
        hues = tf.math.floormod(hues + _per_view(hue)[..., 0], 1.0)
    return tf.image.hsv_to_rgb(tf.stack([hues, saturations, values], axis=-1))


def _per_view(amounts: tf.Tensor) -> tf.Tensor:
    return amounts[:, None, None, None, None]
