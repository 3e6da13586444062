"""Horizontal flip."""

import tensorflow as tf


def flip(planes: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Mirrors the chosen views left to right.

    Args:
        planes: [B, C, T, H, W].
        chosen: [B] bool.

    Returns:
        [B, C, T, H, W].
    """
    return tf.where(chosen[:, None, None, None, None], tf.reverse(planes, axis=[4]), planes)


def flip_flow(planes: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Mirrors the chosen views of optical flow: what moved to the left now moves to the right.

    Args:
        planes: [B, 2, T, H, W], the horizontal component first.
        chosen: [B] bool.

    Returns:
        [B, 2, T, H, W], the horizontal component of the chosen views negated.
    """
    signs = tf.where(chosen, -1.0, 1.0)
    horizontal, vertical = tf.split(flip(planes, chosen), 2, axis=1)
    return tf.concat([horizontal * signs[:, None, None, None, None], vertical], axis=1)
