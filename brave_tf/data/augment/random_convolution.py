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


def convolve(frames: tf.Tensor, kernels: tf.Tensor, sizes: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Filters every chosen view with the non-zero part of its own kernel.

    Args:
        frames: [B, T, H, W, 3] float32.
        kernels: [B, 11, 11, 3, 3] float32, centred in zeros.
        sizes: [B] int32, odd, at most 11.
        chosen: [B] bool.

    Returns:
        [B, T, H, W, 3] float32, neither clipped nor rescaled.
    """
    branches = tf.where(chosen, sizes // 2 + 1, 0)

    def convolve_one(view: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        pictures, kernel, branch = view

        def with_size(size: int) -> tf.Tensor:
            margin = (LARGEST - size) // 2
            return tf.nn.conv2d(pictures, kernel[margin : LARGEST - margin, margin : LARGEST - margin], 1, "SAME")

        choices = [lambda: pictures, *(lambda size=size: with_size(size) for size in SIZES)]
        return tf.switch_case(branch, choices)

    return tf.map_fn(convolve_one, (frames, kernels, branches), fn_output_signature=frames.dtype)
