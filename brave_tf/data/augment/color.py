"""Colour jitter: brightness, saturation, contrast, hue, in this order."""

import tensorflow as tf


def jitter(
    planes: tf.Tensor, brightness: tf.Tensor, saturation: tf.Tensor, contrast: tf.Tensor, hue: tf.Tensor
) -> tf.Tensor:
    """Changes the colours of every view by its own amounts, then clips to [0, 1].

    Saturation and hue are those of HSV, as `tf.image` defines it also for colours outside [0, 1].

    Args:
        planes: [B, 3, T, H, W] float32 in [0, 1].
        brightness: [B] offsets.
        saturation: [B] factors, at least 0.
        contrast: [B] factors, around the mean of each frame and channel.
        hue: [B] rotations, as shares of the colour circle.

    Returns:
        [B, 3, T, H, W] float32 in [0, 1].
    """
    planes = _saturate(planes + _per_view(brightness), _per_view(saturation))
    mean = tf.reduce_mean(planes, axis=(3, 4), keepdims=True)
    planes = (planes - mean) * _per_view(contrast) + mean
    return tf.clip_by_value(_rotate_hue(planes, _per_view(hue)), 0.0, 1.0)


def _saturate(planes: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
    """Multiplies chroma / value by `factors`, at most up to 1: every channel moves from or to the largest one."""
    value = tf.reduce_max(planes, axis=1, keepdims=True)
    chroma = value - tf.reduce_min(planes, axis=1, keepdims=True)
    factors = tf.where(value > 0, tf.minimum(factors, tf.math.divide_no_nan(value, chroma)), 0.0)
    return value - (value - planes) * factors


def _rotate_hue(planes: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    value = tf.reduce_max(planes, axis=1, keepdims=True)
    least = tf.reduce_min(planes, axis=1, keepdims=True)
    chroma = tf.where(value > 0, value - least, 0.0)
    red, green, blue = tf.split(planes, 3, axis=1)
    # In sixths of the colour circle, from red over green to blue.
    sixths = tf.where(
        value == red,
        tf.math.divide_no_nan(green - blue, chroma),
        tf.where(
            value == green,
            2.0 + tf.math.divide_no_nan(blue - red, chroma),
            4.0 + tf.math.divide_no_nan(red - green, chroma),
        ),
    )
    # A channel is full around its own hue, fades over one sixth, and is absent on the other half of the circle.
    centers = tf.reshape([0.0, 2.0, 4.0], [1, 3, 1, 1, 1])
    distances = tf.abs(tf.math.floormod(sixths + 6.0 * turns - centers + 3.0, 6.0) - 3.0)
    return value - chroma * tf.clip_by_value(distances - 1.0, 0.0, 1.0)


def _per_view(amounts: tf.Tensor) -> tf.Tensor:
    return amounts[:, None, None, None, None]
