"""Horizontal flip."""

import tensorflow as tf


def flip(frames: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Mirrors the chosen views left to right.

    Args:
        frames: [B, T, H, W, C].
        chosen: [B] bool.

    Returns:
        [B, T, H, W, C].
    """
    return tf.where(chosen[:, None, None, None, None], tf.reverse(frames, axis=[3]), frames)
