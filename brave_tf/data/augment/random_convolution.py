"""Random convolution: one random filter for a whole view."""

import numpy as np
import tensorflow as tf

from brave_tf.data.augment.random import derive_seed, integer_below, truncated_normal

SIZES = (1, 3, 5, 7, 9, 11)
"""Kernel sizes, equally likely."""

LARGEST = SIZES[-1]


def draw_kernel(seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A kernel size and a He-normal kernel of that size.

    Returns:
        The size (int32 scalar) and the kernel [11, 11, 3, 3] float32, centred in zeros.

    Reference:
        The paper, section 4.1: He initialisation, no bias, odd sizes from 1 to 11.
    """
    number = integer_below(derive_seed(seed, "size"), len(SIZES))
    size = tf.gather(tf.constant(SIZES), number)
    deviation = tf.gather(tf.constant(np.sqrt(2 / (3 * np.square(SIZES))), tf.float32), number)
    weights = deviation * truncated_normal(derive_seed(seed, "weights"), (LARGEST, LARGEST, 3, 3))
    distance = tf.abs(tf.range(LARGEST) - LARGEST // 2)
    inside = distance <= size // 2
    return size, tf.where((inside[:, None] & inside[None, :])[:, :, None, None], weights, 0.0)


def convolve(frames: tf.Tensor, kernels: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Filters every chosen view with its own kernel.

    All frames of all views go through one convolution, of which every view is a group of three channels. The zeros
    around a small kernel change no value.

    Args:
        frames: [B, T, H, W, 3] float32.
        kernels: [B, 11, 11, 3, 3] float32, centred in zeros.
        chosen: [B] bool.

    Returns:
        [B, T, H, W, 3] float32, neither clipped nor rescaled.
    """
    # [T, H, W, B, 3] with B and 3 as one axis.
    pictures = tf.reshape(tf.transpose(frames, [1, 2, 3, 0, 4]), [*frames.shape[1:4], -1])
    weights = tf.reshape(tf.transpose(kernels, [1, 2, 3, 0, 4]), [LARGEST, LARGEST, 3, -1])
    convolved = tf.nn.conv2d(pictures, weights, 1, "SAME")
    views = tf.transpose(tf.reshape(convolved, [*frames.shape[1:4], -1, 3]), [3, 0, 1, 2, 4])
    return tf.where(chosen[:, None, None, None, None], views, frames)
