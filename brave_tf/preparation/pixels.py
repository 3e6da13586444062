"""Media files in, 25 fps frames as pixels out: one after the other, and only those that somebody asks for."""

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from brave_tf.preparation.clock import Stretch
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media_file import as_media_errors, open_media
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.picture import Pictures, picture_stream
from brave_tf.preparation.sound import read_sound
from brave_tf.preparation.steady_frames import LONG_LAST_PICTURE, SteadyFrames, filter_graph

__all__ = ["LazyFrame", "read_frames"]

LazyFrame = Callable[[], np.ndarray]
"""A frame whose pixels are made when it is called: [H, W, 3] uint8."""
REPORT_FRAMES = 25
"""Frames from one report on progress to the next."""
_ANY_RATE_HZ = 16_000
_ALONE = Course()


def read_frames(
    path: Path,
    shorter_side: int,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    course: Course = _ALONE,
) -> Iterator[tuple[Stretch, Iterator[LazyFrame]]]:
    """Reads the picture of a media file, or of a piece of it, as `brave_tf.preparation.media.read_clips` does.

    Args:
        path: a file in any format that FFmpeg knows.
        shorter_side: of the frames in pixels; smaller pictures keep their size.
        start_seconds: where to begin; None for the start.
        end_seconds: where to end; None for the end.
        course: progress, and what is missing.

    Yields:
        Stretches of the file's clock, each with its frames, to be read before the next one.

    Raises:
        MediaError: the file is empty, cut off, damaged, has no picture, or is no media at all. What was yielded before
            is then not to be kept.
    """
    begin = start_seconds or 0.0
    with as_media_errors(), open_media(path) as container:
        stream = picture_stream(container)
        if stream is None:
            raise MediaError("has no picture")
        pictures = Pictures(container, stream, begin, end_seconds)
        steady = SteadyFrames(shorter_side, pictures.pixel_aspect)
        scaler = _Scaler(steady)
        for stretch, decoded in pictures.stretches():
            yield stretch, _counted(scaler.frames(steady.resample(decoded)), pictures, course)
        _check(pictures, path, begin, end_seconds)
        if steady.is_cut_short:
            course.remark(LONG_LAST_PICTURE)
        for line in pictures.clock.remarks():
            course.remark(line)


def _counted(frames: Iterable[LazyFrame], pictures: Pictures, course: Course) -> Iterator[LazyFrame]:
    for number, frame in enumerate(frames):
        if number % REPORT_FRAMES == 0:
            course.report(pictures.share())
        yield frame


def _check(pictures: Pictures, path: Path, begin: float, end: float | None) -> None:
    """Raises `MediaError` as `Pictures.check` does; the sound is read only where the picture seems to end early."""
    try:
        pictures.check(None)
    except MediaError:
        with read_sound(path, _ANY_RATE_HZ, begin, end) as sound:
            if sound is None:
                raise
            pictures.check(sound)


class _Scaler:
    """Turns and scales frame by frame."""

    def __init__(self, steady: SteadyFrames) -> None:
        self._steady = steady
        self._graph: Any = None

    def frames(self, steady_frames: Iterable[Any]) -> Iterator[LazyFrame]:
        place, pixels = 0, None
        for frame in steady_frames:
            # Two frames in one place in memory, both of them alive, are one picture.
            if pixels is None or frame.planes[0].buffer_ptr != place:
                place, pixels = frame.planes[0].buffer_ptr, functools.cache(functools.partial(self._scale, frame))
            yield pixels

    def _scale(self, frame: Any) -> np.ndarray:
        if self._graph is None:
            self._graph = filter_graph(frame, *self._steady.scaled("rgb24"))
        self._graph.push(frame)
        pixels: np.ndarray = self._graph.pull().to_ndarray()
        return pixels
