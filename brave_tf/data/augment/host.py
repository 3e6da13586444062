"""The augmentation of one view on the host, inside tf.data: nothing is computed that was not drawn."""

import functools
from collections.abc import Callable

import tensorflow as tf

from brave_tf.config import AugmentConfig, Modality
from brave_tf.data.augment.apply import to_unit
from brave_tf.data.augment.blur import blur_by_shifts
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.flip import flip_flow
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random_convolution import LARGEST, SIZES
from brave_tf.modalities import MODALITIES, NARROW

LEAST_BLOCK = 4
"""Pixels of a row that kernels take as channels at least; one block to either side has to hold half a kernel."""
LEAST_BLOCKED_SIZE = 5
"""Smaller kernels are faster pixel by pixel."""

# Some forty operations on whole views: compiled, they are two loops, at a seventh of the time.
_jitter = tf.function(jitter, jit_compile=True, autograph=False)
_grayscale = tf.function(grayscale, jit_compile=True, autograph=False)


@tf.function(jit_compile=True, autograph=False)
def _planes(frames: tf.Tensor, modality: Modality) -> tf.Tensor:
    """[T, H, W, C] -> [C, T, H, W] float32, as `to_unit` scales it: one loop, at a quarter of the time."""
    return to_unit(tf.transpose(frames, [3, 0, 1, 2]), modality)


def apply_on_host(
    frames: tf.Tensor, parameters: Parameters, config: AugmentConfig, modality: Modality = NARROW
) -> tf.Tensor:
    """Augments one view as `apply` does a batch of them, up to rounding (1e-5).

    Args:
        frames: [T, H, W, C], uint8, or float32 in 0 to 255, as they are stored; a shape that is known.
        parameters: `sample`'s.
        config: what they were sampled from.
        modality: what the frames show.

    Returns:
        [T, H, W, C] float32 as `to_unit` scales it, but for what random convolution does.
    """
    facts = MODALITIES[modality]
    drawn = {name: value[None] for name, value in parameters.items()}
    if config.flip > 0 and not facts.is_directed:
        # Blur, which comes before it, does not tell left from right; and a byte is moved at a quarter of the cost.
        stored = frames
        frames = tf.cond(parameters["flip"], lambda: tf.reverse(stored, axis=[2]), lambda: stored)
    planes = _planes(frames, modality)[None]

    def step(name: str, change: Callable[[tf.Tensor], tf.Tensor]) -> None:
        nonlocal planes
        before = planes
        planes = tf.cond(parameters[name], lambda: change(before), lambda: before)

    if facts.has_colors and config.blur > 0:
        step("blur", lambda view: blur_by_shifts(view, drawn["blur_sigma"]))
    if config.flip > 0 and facts.is_directed:
        step("flip", functools.partial(flip_flow, chosen=tf.constant([True])))
    if facts.has_colors and config.color > 0:
        amounts = (drawn[name] for name in ("brightness", "saturation", "contrast", "hue"))
        step("color", lambda view: _jitter(view, *amounts))
    if facts.has_colors and config.grayscale > 0:
        step("grayscale", _grayscale)
    augmented = tf.ensure_shape(tf.transpose(planes[0], [1, 2, 3, 0]), frames.shape)
    if facts.has_colors and config.random_convolution > 0:
        return convolve_one(augmented, *(parameters[name] for name in ("kernel", "kernel_size", "random_convolution")))
    return augmented


def convolve_one(frames: tf.Tensor, kernel: tf.Tensor, size: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Filters one view with the non-zero part of its kernel, if it was chosen.

    Args:
        frames: [T, H, W, 3] float32.
        kernel: [11, 11, 3, 3] float32, centred in zeros.
        size: int32, odd, at most 11.
        chosen: bool.

    Returns:
        [T, H, W, 3] float32, neither clipped nor rescaled.
    """

    def with_size(size: int) -> tf.Tensor:
        margin = (LARGEST - size) // 2
        inner = kernel[margin : LARGEST - margin, margin : LARGEST - margin]
        if size >= LEAST_BLOCKED_SIZE:
            return _convolve_blocks(frames, inner)
        return tf.nn.conv2d(frames, inner, 1, "SAME")

    choices = [lambda: frames, *(lambda size=size: with_size(size) for size in SIZES)]
    return tf.switch_case(tf.where(chosen, size // 2 + 1, 0), choices)


def _convolve_blocks(frames: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The convolution on rows of blocks: more products, many of them with 0, but three channels fill no vector."""
    size = kernel.shape[0]
    block = max(size // 2, LEAST_BLOCK)
    # Column offset from every pixel of three neighbouring blocks to every pixel of the middle one.
    come, go = tf.range(3 * block), tf.range(block, 2 * block)
    offsets = come[:, None] - go[None, :] + size // 2
    taps = tf.gather(kernel, tf.clip_by_value(offsets, 0, size - 1), axis=1)
    inside = (offsets >= 0) & (offsets < size)
    # [size, from, to, 3, 3] -> [size, 3, block * 3, block * 3]
    taps = tf.where(inside[None, :, :, None, None], taps, 0.0)
    taps = tf.reshape(taps, [size, 3, block, block, 3, 3])
    taps = tf.reshape(tf.transpose(taps, [0, 1, 2, 4, 3, 5]), [size, 3, block * 3, block * 3])
    count, height, width, channels = frames.shape
    # The last block of a row may reach into the zeros beyond the picture.
    blocks = -(-width // block)
    rows = tf.pad(frames, [[0, 0], [0, 0], [0, blocks * block - width], [0, 0]]) if width % block else frames
    rows = tf.reshape(rows, [count, height, blocks, block * channels])
    convolved = tf.nn.conv2d(rows, taps, 1, "SAME")
    return tf.reshape(convolved, [count, height, blocks * block, channels])[:, :, :width]
