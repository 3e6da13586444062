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
    # Three planes apart: nothing but products and sums of whole planes, which compilers make one loop of.
    colors = tf.unstack(planes + brightness[:, None, None, None, None], axis=1)
    colors = _saturate(colors, _per_view(saturation))
    means = [tf.reduce_mean(plane, axis=(2, 3), keepdims=True) for plane in colors]
    factor = _per_view(contrast)
    colors = [(plane - mean) * factor + mean for plane, mean in zip(colors, means, strict=True)]
    return tf.stack([tf.clip_by_value(plane, 0.0, 1.0) for plane in _rotate_hue(colors, _per_view(hue))], axis=1)


def _saturate(colors: list[tf.Tensor], factors: tf.Tensor) -> list[tf.Tensor]:
    """Multiplies chroma / value by `factors`, at most up to 1: every channel moves from or to the largest one."""
    value, least = _extremes(colors)
    factors = tf.where(value > 0, tf.minimum(factors, tf.math.divide_no_nan(value, value - least)), 0.0)
    return [value - (value - plane) * factors for plane in colors]


def _rotate_hue(colors: list[tf.Tensor], turns: tf.Tensor) -> list[tf.Tensor]:
    value, least = _extremes(colors)
    chroma = tf.where(value > 0, value - least, 0.0)
    red, green, blue = colors
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
    turned = sixths + 6.0 * turns
    # A channel is full around its own hue, fades over one sixth, and is absent on the other half of the circle.
    distances = [_distance(turned - center) for center in (0.0, 2.0, 4.0)]
    return [value - chroma * tf.clip_by_value(distance - 1.0, 0.0, 1.0) for distance in distances]


def _extremes(colors: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """The largest and the least channel of every pixel."""
    red, green, blue = colors
    return tf.maximum(tf.maximum(red, green), blue), tf.minimum(tf.minimum(red, green), blue)


def _distance(sixths: tf.Tensor) -> tf.Tensor:
    """How far round the circle of 6, in [0, 3]; `floor`, because `floormod` works number by number."""
    shifted = sixths + 3.0
    return tf.abs(shifted - 6.0 * tf.floor(shifted / 6.0) - 3.0)


def _per_view(amounts: tf.Tensor) -> tf.Tensor:
    return amounts[:, None, None, None]
