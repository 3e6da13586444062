"""Gaussian blur."""

import functools

import tensorflow as tf


def blur(planes: tf.Tensor, sigma: tf.Tensor, kernel_parameter: int | None = None) -> tf.Tensor:
    """Blurs every view by its own Gaussian; pixels outside the picture are black, so borders darken.

    Each axis is one matrix product with a banded matrix per view, which accelerators and CPUs do faster than many
    shifted sums.

    Args:
        planes: [B, C, T, H, W] float32.
        sigma: [B] standard deviations in pixels; 0 leaves a view as it is.
        kernel_parameter: taps are 2 * (parameter // 2) + 1; W // 10 by default (released code).

    Returns:
        [B, C, T, H, W] float32.
    """
    _, channels, frames, height, width = planes.shape
    radius = (width // 10 if kernel_parameter is None else kernel_parameter) // 2
    rows = tf.reshape(planes, [-1, channels * frames * height, width])
    pictures = tf.reshape(tf.matmul(rows, _band(width, radius, sigma)), [-1, channels * frames, height, width])
    return tf.reshape(tf.matmul(_band(height, radius, sigma)[:, None], pictures), tf.shape(planes))


def blur_by_shifts(planes: tf.Tensor, sigma: tf.Tensor, kernel_parameter: int | None = None) -> tf.Tensor:
    """`blur` as sums of shifted pictures, first along the columns, then along the rows.

    Compiled by XLA, either sum is one loop, and takes half the time of the matrix products on a CPU. The margin comes
    first and by itself: a loop that looks whether it is inside the picture is not vectorised.
    """
    *_, height, width = planes.shape
    radius = (width // 10 if kernel_parameter is None else kernel_parameter) // 2
    weights = _weights(radius, sigma)[:, :, None, None, None, None]
    margin = [[0, 0], [0, 0], [0, 0], [radius, radius], [radius, radius]]
    rows = _sum_shifted(tf.pad(planes, margin), weights, height, axis=3)
    return _sum_shifted(rows, weights, width, axis=4)


@tf.function(jit_compile=True, autograph=False)
def _sum_shifted(planes: tf.Tensor, weights: tf.Tensor, size: int, axis: int) -> tf.Tensor:
    places = [slice(None)] * axis
    shifted = [planes[(*places, slice(shift, shift + size))] for shift in range(weights.shape[1])]
    return functools.reduce(tf.add, (picture * weights[:, tap] for tap, picture in enumerate(shifted)))


def _weights(radius: int, sigma: tf.Tensor) -> tf.Tensor:
    """The kernel's taps, [B, 2 * radius + 1], whose sum is 1."""
    taps = tf.range(-radius, radius + 1, dtype=tf.float32)
    exponents = -tf.square(taps) / (2 * tf.square(tf.maximum(sigma, 1e-3)))[:, None]
    weights = tf.exp(exponents)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)


def _band(size: int, radius: int, sigma: tf.Tensor) -> tf.Tensor:
    """[B, size, size], symmetric: row i holds the kernel's taps around column i."""
    weights = _weights(radius, sigma)
    positions = tf.range(size)
    offsets = positions[None, :] - positions[:, None] + radius
    inside = (offsets >= 0) & (offsets <= 2 * radius)
    return tf.where(inside, tf.gather(weights, tf.clip_by_value(offsets, 0, 2 * radius), axis=1), 0.0)
