"""Optical flow by TV-L1, computed once when a dataset is prepared, and how it is stored.

Displacements are stored in 255 steps: 128 is rest, 1 and 255 are the limit, which is 20 pixels in a picture whose
shorter side is 256 pixels, and proportionally less in a smaller one. So datasets of other flow sizes train alike.
"""

import bisect
import dataclasses
import functools
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from brave_tf.errors import UserError

ZERO = 128
"""Stored value of no displacement."""
STEPS = 127
"""Steps from rest to the limit."""
LIMIT_PIXELS, LIMIT_SIDE = 20, 256
"""The largest displacement that is kept, in a picture with this shorter side."""
LIMIT_SHARE = LIMIT_PIXELS / LIMIT_SIDE
"""The same as a share of the shorter side."""

MARGIN = 1
"""Pixels by which a picture is continued on every side while its flow is computed."""

Grey = npt.NDArray[np.uint8]
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


def check_opencv() -> None:
    """Makes sure that flow can be computed.

    Raises:
        UserError: OpenCV with its contributed modules is not installed.
    """
    try:
        import cv2
    except ImportError:
        cv2 = None  # type: ignore[assignment]
    # The packages without contributed modules have no `optflow`.
    if not hasattr(getattr(cv2, "optflow", None), "DualTVL1OpticalFlow_create"):
        raise UserError(
            "optical flow needs OpenCV with its contributed modules (cv2.optflow), which are not installed; "
            "install them: pip install 'brave-tf[flow]', in place of other OpenCV packages"
        )


def flow_pictures(jpegs: Sequence[bytes], settings: FlowSettings) -> list[bytes]:
    """The optical flow of a clip.

    Args:
        jpegs: its frames at 25 fps.
        settings: size and stride.

    Returns:
        A PNG of the displacement from frame t to frame t + 1 for every t = 0, stride, 2 * stride and so on: two
        channels, horizontal and vertical, stored as `store` does. The last frame of the clip has the flow that leads to
        it; a single frame has none, that is zero. Videos of fewer than 25 frames a second repeat frames: the
        displacement is then the one to the next frame that differs, spread over the repetitions.
    """
    starts = [0, *(number for number in range(1, len(jpegs)) if jpegs[number] != jpegs[number - 1])]

    @functools.cache
    def picture(which: int) -> bytes:
        first = min(which, max(len(starts) - 2, 0))
        pair = [_grey(jpegs[start], settings.shorter_side) for start in starts[first : first + 2]]
        if len(pair) == 1:
            return _png(store(np.zeros((*pair[0].shape, 2), np.float32)))
        return _png(store(_displacement(*pair) / np.float32(starts[first + 1] - starts[first])))

    frames = range(0, len(jpegs), settings.stride)
    return [picture(bisect.bisect_right(starts, frame) - 1) for frame in frames]


def _displacement(first: Grey, second: Grey) -> Flow:
    # OpenCV takes what is outside a picture for black, which would move the outermost rows.
    padded = (np.pad(each, MARGIN, mode="edge") for each in (first, second))
    flow: Flow = _tv_l1().calc(*padded, None)
    return flow[MARGIN:-MARGIN, MARGIN:-MARGIN]


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


def _grey(jpeg: bytes, shorter_side: int) -> Grey:
    import cv2

    picture: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = picture.shape
    scale = shorter_side / min(height, width)
    if scale < 1:
        picture = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(picture)


@functools.cache
def _tv_l1() -> Any:
    import cv2

    optflow: Any = cv2.optflow
    # Clips are computed side by side, one process each.
    cv2.setNumThreads(1)
    return optflow.DualTVL1OpticalFlow_create()


def _png(stored: Stored) -> bytes:
    # Grey and alpha: TensorFlow decodes the two channels of such a PNG as they are.
    data = io.BytesIO()
    Image.fromarray(stored, "LA").save(data, "PNG")
    return data.getvalue()
