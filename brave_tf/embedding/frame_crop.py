"""The middle of a frame at the size that an encoder is evaluated with, without TensorFlow: for worker processes."""

import functools
from typing import NamedTuple

import numpy as np


class FrameCrop(NamedTuple):
    """What `resize_shorter_side` and then the middle one of `crop_corners` make of a frame.

    Attributes:
        shorter_side: of the resized frame, in pixels.
        size: of the crop, in pixels.
    """

    shorter_side: int
    size: int

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """The crop of a frame: [H, W, C] uint8 -> [size, size, C] uint8."""
        height, width = frame.shape[:2]
        shorter = min(height, width)
        lines = _lines(height, height * self.shorter_side // shorter, self.size)
        columns = _lines(width, width * self.shorter_side // shorter, self.size)
        if shorter == self.shorter_side:
            return np.ascontiguousarray(frame[lines.low[0] :, columns.low[0] :][: self.size, : self.size])
        rows = frame[lines.low[0] : lines.high[-1] + 1].astype(np.float32)
        left, right = rows[:, columns.low], rows[:, columns.high]
        across = left + (right - left) * columns.share[:, None]
        top, bottom = across[lines.low - lines.low[0]], across[lines.high - lines.low[0]]
        return (top + (bottom - top) * lines.share[:, None, None]).astype(np.uint8)


class _Lines(NamedTuple):
    """Between which lines of a frame those of the crop lie, and how far from the first of the two."""

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray


@functools.lru_cache(64)
def _lines(before: int, after: int, size: int) -> _Lines:
    """Of an axis of `before` pixels that gets `after`, those of which `size` in the middle are kept."""
    # As TensorFlow's kernel computes it: in float32, from the middles of the pixels.
    scale = np.float32(before) / np.float32(after)
    numbers = np.arange(size, dtype=np.float32) + np.float32((after - size) // 2)
    places = (numbers + np.float32(0.5)) * scale - np.float32(0.5)
    below = np.floor(places)
    low, high = np.maximum(below, 0), np.minimum(np.ceil(places), before - 1)
    return _Lines(low.astype(int), high.astype(int), places - below)
