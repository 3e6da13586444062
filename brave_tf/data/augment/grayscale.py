"""Dropping colour."""

import tensorflow as tf

LUMA_WEIGHTS = (0.2989, 0.587, 0.114)


def grayscale(frames: tf.Tensor) -> tf.Tensor:
    """The luma of every pixel in all three channels: [..., 3] float32 -> [..., 3]."""
    luma = tf.reduce_sum(frames * tf.constant(LUMA_WEIGHTS), axis=-1, keepdims=True)
    return tf.broadcast_to(luma, tf.shape(frames))
