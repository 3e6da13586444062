"""Whether pictures decode, by the decoder of training: what another one makes of a damaged picture does not count."""

import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from brave_tf.data.pictures import JPEG_START
from brave_tf.errors import reason_of
from brave_tf.modalities import ModalityRecord
from brave_tf.verification.fingerprint import LEAST_SIDE, Pixels, sampled

RATIOS = (8, 4, 2, 1)
"""A JPEG also decodes at an eighth, a quarter or half of its size, with the same verdict in less time."""


class StoppedError(Exception):
    """The verification was interrupted."""


@dataclasses.dataclass(frozen=True)
class CheckedPictures:
    """What was found in the pictures of one kind of a clip.

    Attributes:
        size: height and width of the first that decodes, in pixels; None if none does.
        reasons: what is wrong with them.
        thumbnails: those that a fingerprint is made of; fewer if some do not decode.
    """

    size: tuple[int, int] | None
    reasons: tuple[str, ...]
    thumbnails: tuple[Pixels, ...]


def check_pictures(
    encoded: Sequence[bytes], facts: ModalityRecord, word: str, stop: threading.Event
) -> CheckedPictures:
    """Decodes all pictures of one kind of a clip.

    Args:
        encoded: [T] JPEG or PNG.
        facts: their modality.
        word: what one of them is called in messages.
        stop: ends the work early.

    Raises:
        StoppedError: `stop` was set.
    """
    # The first picture of a clip tells how all of them are read.
    decode = _jpeg if facts.has_colors and len(encoded) and encoded[0].startswith(JPEG_START) else _png
    wanted = sampled(len(encoded))
    size, failed, thumbnails = None, [], []
    previous, pixels = None, None
    for number, picture in enumerate(encoded):
        if stop.is_set():
            raise StoppedError
        # Of a video of fewer than 25 frames a second, frames repeat.
        if picture != previous:
            try:
                pixels, found = decode(picture, facts)
                size = size or found
                if found != size:
                    raise ValueError(f"it has {found[1]}x{found[0]} pixels, the first one {size[1]}x{size[0]}")
            except (tf.errors.OpError, ValueError) as error:
                pixels = None
                reason = str(error) if isinstance(error, ValueError) else reason_of(error)
                failed.append(f"its {word} {number} cannot be used ({reason})")
        previous = picture
        if number in wanted and pixels is not None:
            thumbnails += [pixels.numpy()] * wanted.count(number)
    more = f", nor can {len(failed) - 1} more" if len(failed) > 1 else ""
    return CheckedPictures(size, tuple(f"{line}{more}" for line in failed[:1]), tuple(thumbnails))


def _jpeg(picture: bytes, facts: ModalityRecord) -> tuple[Any, tuple[int, int]]:
    if not picture.startswith(JPEG_START):
        raise ValueError("it is no JPEG, as the first one is")
    height, width, _ = map(int, tf.io.extract_jpeg_shape(picture).numpy())
    ratio = next((ratio for ratio in RATIOS if min(height, width) >= ratio * LEAST_SIDE), 1)
    return tf.io.decode_jpeg(picture, channels=facts.channels, ratio=ratio), (height, width)


def _png(picture: bytes, facts: ModalityRecord) -> tuple[Any, tuple[int, int]]:
    pixels = tf.io.decode_png(picture, channels=facts.channels if facts.has_colors else 0)
    height, width, channels = pixels.shape
    if channels != facts.channels:
        raise ValueError(f"it has {channels} channels; expected {facts.channels}")
    return pixels, (height, width)
