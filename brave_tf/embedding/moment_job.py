"""What is drawn of a moment of a media file, read in a process of its own; it loads nothing heavy there."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.embedding.windows import media_windows
from brave_tf.preparation.jobs import Outcome, StreamedJob
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media import MediaSettings, read_clips
from brave_tf.preparation.media_settings import Course

SHORTER_SIDE = 240
"""Of frames, in pixels."""
FRAME_SECONDS = 0.5
"""A frame is looked for in so much of a file."""
WHOLE_SECONDS = 5.0
"""The spectrogram of a whole file is of its first seconds."""
LONGEST_SECONDS = 60.0
"""Of sound that is drawn: the beginning of what is longer."""

Kind = Literal["frame", "spectrogram"]


@dataclasses.dataclass(frozen=True)
class MomentJob(StreamedJob):
    """Reads what `read_moment` gives.

    Attributes:
        number: tells jobs apart.
        source: the file, with start and end of the stretch.
        kind: what is drawn.
        skip: 1 if it is read already.
    """

    number: int
    source: Source
    kind: Kind
    skip: int = 0

    def do(self, course: Course, give: Callable[[Any], None]) -> Outcome:
        """Gives the frame or the sound, or says why there is none."""
        start, end = self.source.start_seconds or 0.0, self.source.end_seconds or 0.0
        try:
            found = read_moment(self.source.path, start, end, self.kind)
        except MediaError as error:
            return Outcome([], str(error))
        except MemoryError:
            return Outcome([], "needs more memory than there is")
        if not self.skip:
            give(found)
        return Outcome([])


def read_moment(media: Path, start: float, end: float, kind: Kind) -> bytes | np.ndarray:
    """The frame in the middle of a stretch of a media file as JPEG, or its sound [N] float32 at 16 kHz.

    Args:
        media: the file.
        start: where the stretch begins, in seconds.
        end: where it ends; 0 for the beginning of the file.
        kind: what will be drawn.

    Raises:
        MediaError: the file cannot be read, or has nothing of the kind there.
    """
    if kind == "frame":
        middle = (start + end) / 2
        settings = MediaSettings(shorter_side=SHORTER_SIDE, audio_rate_hz=None, clip_seconds=FRAME_SECONDS)
        clip = next(read_clips(media, settings, middle or None, middle + FRAME_SECONDS), None)
        if clip is None or not clip.frames:
            raise MediaError("has no picture there")
        return clip.frames[0]
    # A row may stand for a whole film.
    seconds = min(end - start, LONGEST_SECONDS) if end > start else WHOLE_SECONDS
    view = EvaluationInput("audio", EvaluationConfig(audio_seconds=seconds))
    piece = Source(media, media.name, start or None, start + seconds if end > start else None)
    window = next(media_windows(piece, view), None)
    if window is None:
        raise MediaError("has no sound there")
    return window.clip
