"""The frames of a clip once more, smaller: what broad views with `decode=small` are cut from."""

import functools
import io
from collections.abc import Sequence

from PIL import Image

QUALITY = 92
"""JPEG quality of Pillow, 1 to 95; colours at half the resolution, as in the frames."""


def small_frames(jpegs: Sequence[bytes], shorter_side: int) -> list[bytes]:
    """Every frame with a shorter side of `shorter_side` pixels.

    Args:
        jpegs: frames of one size.
        shorter_side: in pixels; smaller frames keep their size.

    Returns:
        A JPEG for each frame. Frames that follow one another and are equal have the same.
    """
    # Of a video of fewer than 25 frames a second, frames repeat.
    make = functools.lru_cache(1)(lambda jpeg: _small(jpeg, shorter_side))
    return [make(jpeg) for jpeg in jpegs]


def _small(jpeg: bytes, shorter_side: int) -> bytes:
    picture = Image.open(io.BytesIO(jpeg))
    scale = min(shorter_side / min(picture.size), 1.0)
    width, height = (max(round(side * scale), 1) for side in picture.size)
    # Decodes at a half, a quarter or an eighth, where that is no smaller than what is wanted.
    picture.draft("RGB", (width, height))
    resized = picture.convert("RGB").resize((width, height), Image.Resampling.BOX)
    data = io.BytesIO()
    resized.save(data, "JPEG", quality=QUALITY, subsampling="4:2:0")
    return data.getvalue()
