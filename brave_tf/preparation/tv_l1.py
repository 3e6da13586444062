"""Optical flow by TV-L1, computed once when a dataset is prepared."""

import bisect
import io
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from brave_tf.data.flow_code import Flow, FlowSettings, Stored, store
from brave_tf.errors import UserError

MARGIN = 1
"""Pixels by which a picture is continued on every side while its flow is computed."""

Grey = npt.NDArray[np.uint8]


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
            "received --flow; it needs OpenCV with its contributed modules (cv2.optflow), which are not installed; "
            "install them: pip install 'brave-tf[flow]', in place of other OpenCV packages"
        )


def flow_pictures(jpegs: Sequence[bytes], settings: FlowSettings, threads: int = 1) -> list[bytes]:
    """The optical flow of a clip.

    Args:
        jpegs: its frames at 25 fps.
        settings: size and stride.
        threads: cores that it is computed on, which changes nothing of it.

    Returns:
        A PNG of the displacement from frame t to frame t + 1 for every t = 0, stride, 2 * stride and so on: two
        channels, horizontal and vertical, stored as `store` does. The last frame of the clip has the flow that leads to
        it; a single frame has none, that is zero. Videos of fewer than 25 frames a second repeat frames: the
        displacement is then the one to the next frame that differs, spread over the repetitions.
    """
    starts = [0, *(number for number in range(1, len(jpegs)) if jpegs[number] != jpegs[number - 1])]

    def picture(which: int) -> bytes:
        first = min(which, max(len(starts) - 2, 0))
        pair = [_grey(jpegs[start], settings.shorter_side) for start in starts[first : first + 2]]
        if len(pair) == 1:
            return _png(store(np.zeros((*pair[0].shape, 2), np.float32)))
        return _png(store(_displacement(*pair) / np.float32(starts[first + 1] - starts[first])))

    numbers = [bisect.bisect_right(starts, frame) - 1 for frame in range(0, len(jpegs), settings.stride)]
    distinct = list(dict.fromkeys(numbers))
    with ThreadPoolExecutor(threads) as pool:
        pictures = dict(zip(distinct, pool.map(picture, distinct), strict=True))
    return [pictures[number] for number in numbers]


def _displacement(first: Grey, second: Grey) -> Flow:
    # OpenCV takes what is outside a picture for black, which would move the outermost rows.
    padded = (np.pad(each, MARGIN, mode="edge") for each in (first, second))
    flow: Flow = _tv_l1().calc(*padded, None)
    return flow[MARGIN:-MARGIN, MARGIN:-MARGIN]


def _grey(jpeg: bytes, shorter_side: int) -> Grey:
    import cv2

    picture: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = picture.shape
    scale = shorter_side / min(height, width)
    if scale < 1:
        picture = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(picture)


_of_thread = threading.local()
"""Holds each thread's own TV-L1, which keeps its buffers from picture to picture."""


def _tv_l1() -> Any:
    if not hasattr(_of_thread, "tv_l1"):
        import cv2

        optflow: Any = cv2.optflow
        # Pictures and clips are computed side by side.
        cv2.setNumThreads(1)
        _of_thread.tv_l1 = optflow.DualTVL1OpticalFlow_create()
    return _of_thread.tv_l1


def _png(stored: Stored) -> bytes:
    # Grey and alpha: TensorFlow decodes the two channels of such a PNG as they are.
    data = io.BytesIO()
    Image.fromarray(stored).save(data, "PNG")
    return data.getvalue()
