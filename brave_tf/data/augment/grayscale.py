"""Dropping colour."""

import tensorflow as tf

LUMA_WEIGHTS = (0.2989, 0.587, 0.114)


def grayscale(planes: tf.Tensor) -> tf.Tensor:
    """The luma of every pixel in all three channels: [B, 3, T, H, W] float32 -> [B, 3, T, H, W]."""
    weights = tf.reshape(LUMA_WEIGHTS, [1, 3, 1, 1, 1])
    return tf.broadcast_to(tf.reduce_sum(planes * weights, axis=1, keepdims=True), tf.shape(planes))


def gray_frames(frames: tf.Tensor) -> tf.Tensor:
    """The same of frames [..., 3] float32."""
    return tf.broadcast_to(tf.reduce_sum(frames * LUMA_WEIGHTS, axis=-1, keepdims=True), tf.shape(frames))
