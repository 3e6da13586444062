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
