"""Optical flow as datasets hold it: how it was computed, and what the numbers of its pictures mean.

Displacements are stored in 255 steps: 128 is rest, 1 and 255 are the limit, which is 20 pixels in a picture whose
shorter side is 256 pixels, and proportionally less in a smaller one. So datasets of other flow sizes train alike.
"""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from brave_tf.modalities import MODALITIES

ZERO = MODALITIES["flow"].zero
"""Stored value of no displacement."""
STEPS = MODALITIES["flow"].steps
"""Steps from rest to the limit."""
LIMIT_PIXELS, LIMIT_SIDE = 20, 256
"""The largest displacement that is kept, in a picture with this shorter side."""
LIMIT_SHARE = LIMIT_PIXELS / LIMIT_SIDE
"""The same as a share of the shorter side."""

Flow = npt.NDArray[np.float32]
Stored = npt.NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class FlowSettings:
    """How optical flow is computed.

    Attributes:
        shorter_side: shorter side in pixels of the pictures that it is computed on; smaller ones keep their size.
        stride: frames from one flow picture to the next; each one is from its frame to the very next.
    """

    shorter_side: int = 128
    stride: int = 4

    def as_dict(self) -> dict[str, Any]:
        """How flow was computed and is stored, for `dataset.json`."""
        return {**dataclasses.asdict(self), "limit_share": LIMIT_SHARE}


def store(flow: Flow) -> Stored:
    """Rounds displacements to steps: [H, W, 2] float32 in pixels -> uint8.

    A displacement within the limit changes by at most half a step, limit / 254, which is 0.04 pixels in a picture of
    128 pixels; one beyond it becomes the limit.
    """
    steps = np.clip(np.rint(flow / _limit(flow) * STEPS), -STEPS, STEPS)
    return (steps + ZERO).astype(np.uint8)


def to_pixels(stored: Stored) -> Flow:
    """Displacements in pixels of this picture, [H, W, 2] float32, up to the rounding of `store`."""
    return ((stored.astype(np.float32) - ZERO) / STEPS * _limit(stored)).astype(np.float32)


def _limit(picture: npt.NDArray[Any]) -> float:
    return LIMIT_SHARE * min(picture.shape[:2])
