"""Evaluation-time frames: resized by their shorter side, cropped, and scaled as the network takes them."""

import tensorflow as tf

from brave_tf.config import Modality
from brave_tf.data.augment.apply import to_unit
from brave_tf.data.augment.grayscale import gray_frames


def resize_shorter_side(frames: tf.Tensor, side: int) -> tf.Tensor:
    """Resizes frames so that the shorter side is `side` and the aspect ratio stays.

    Args:
        frames: [N, H, W, C] uint8.
        side: pixels of the shorter side; the longer one becomes floor(long * side / short).

    Returns:
        [N, h, w, C] uint8, bilinear, truncated as in the released code; the frames themselves when they fit already.
    """
    height, width = tf.shape(frames)[1], tf.shape(frames)[2]
    shorter = tf.minimum(height, width)

    def resize() -> tf.Tensor:
        size = tf.stack([height * side // shorter, width * side // shorter])
        return tf.cast(tf.image.resize(frames, size), tf.uint8)

    return tf.cond(shorter == side, lambda: frames, resize)


def center_crop(frames: tf.Tensor, size: int) -> tf.Tensor:
    """The square of `size` pixels in the middle: [N, H, W, C] -> [N, size, size, C]."""
    top = (tf.shape(frames)[1] - size) // 2
    left = (tf.shape(frames)[2] - size) // 2
    return crop(frames, top, left, size)


def crop(frames: tf.Tensor, top: tf.Tensor, left: tf.Tensor, size: int) -> tf.Tensor:
    """The square of `size` pixels whose upper left corner is (top, left)."""
    cropped = frames[:, top : top + size, left : left + size]
    return tf.ensure_shape(cropped, [None, size, size, None])


def as_shown(stored: tf.Tensor, modality: Modality, is_gray: bool) -> tf.Tensor:
    """Stored frames [..., C] uint8 as an encoder is shown them: float32 as `to_unit` scales them, grey if it is to be.

    Grey is all three channels with the luma, as training views have it.
    """
    frames = to_unit(stored, modality)
    return gray_frames(frames) if is_gray else frames
