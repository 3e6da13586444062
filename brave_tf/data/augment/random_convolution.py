"""Random convolution: one random filter for a whole view."""

import tensorflow as tf

from brave_tf.data.augment.random import derive_seed, integer_below, truncated_normal

LARGEST = 11
"""Kernel sizes are uniform over 1, 3, ..., 11."""


def draw_kernel(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A kernel size and a He-normal kernel of that size.

    Returns:
        The size (int32 scalar) and the kernel [11, 11, 3, 3] float32, centred in zeros.

    Reference:
        The paper, section 4.1: He initialisation, no bias, odd sizes from 1 to 11.
    """
    size = 2 * tf.cast(integer_below(derive_seed(seed, "size"), LARGEST // 2 + 1), tf.int32) + 1
    deviation = tf.sqrt(2.0 / (3.0 * tf.cast(size * size, tf.float32)))
    weights = deviation * truncated_normal(derive_seed(seed, "weights"), (LARGEST, LARGEST, 3, 3))
    distance = tf.abs(tf.range(LARGEST) - LARGEST // 2)
    inside = distance <= size // 2
    return size, tf.where((inside[:, None] & inside[None, :])[:, :, None, None], weights, 0.0)


def convolve(frames: tf.Tensor, kernels: tf.Tensor) -> tf.Tensor:
    """Filters every view with its own kernel.

    Args:
        frames: [B, T, H, W, 3] float32.
        kernels: [B, 11, 11, 3, 3] float32.

    Returns:
        [B, T, H, W, 3] float32, neither clipped nor rescaled.
    """
    return tf.map_fn(
        lambda pair: tf.nn.conv2d(pair[0], pair[1], 1, "SAME"), (frames, kernels), fn_output_signature=frames.dtype
    )


def convolve_one(frames: tf.Tensor, kernel: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Filters one view [T, H, W, 3] with the non-zero part of its kernel [11, 11, 3, 3]."""
    margin = (LARGEST - size) // 2
    kernel = kernel[margin : LARGEST - margin, margin : LARGEST - margin]
    return tf.ensure_shape(tf.nn.conv2d(frames, kernel, 1, "SAME"), frames.shape)
