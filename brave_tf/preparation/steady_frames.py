"""Decoded frames in; frames at 25 fps, of the very first one's size and format, out. And which size they are to get."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import av
import av.filter

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.limits import LONGEST_GAP_SECONDS, check_picture

LONG_LAST_PICTURE = f"has a last picture that would stay for more than {LONGEST_GAP_SECONDS:g} s; it is kept once"
"""What is said where `SteadyFrames.is_cut_short`, in words that follow the name of the file."""


class SteadyFrames:
    """Frames of any size, rate and format in; of one size and format, at 25 fps, out.

    Args:
        shorter_side: what is made of the frames has a shorter side of so many pixels; smaller frames keep their size.
        pixel_aspect: width of the frames' pixels by their height.

    Attributes:
        height: of what is made of the frames, with square pixels and upright; 0 before the first frame.
        width: the same.
        is_cut_short: whether the last frame that came would stay for longer than a gap in the clock.
    """

    def __init__(self, shorter_side: int, pixel_aspect: float = 1.0) -> None:
        self._shorter_side = shorter_side
        self._pixel_aspect = pixel_aspect
        self._first: Any = None
        self._rotation: tuple[str, str] | None = None
        self.height = self.width = 0
        self.is_cut_short = False

    def resample(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Frames resampled in time by FFmpeg's own filter. May be called again, for frames after a gap.

        Raises:
            MediaError: the frames are larger, or longer, than any are.
        """
        graph: Any = None
        for frame in frames:
            if self._first is None:
                self._fit(frame)
            elif _kind(frame) != _kind(self._first):
                frame = _like(frame, self._first)
            if graph is None:
                graph = filter_graph(frame, ("fps", f"fps={SOURCE_FPS:g}"))
            graph.push(frame)
            yield from _drain(graph)
        if graph is not None:
            graph.push(None)
            yield from self._end(graph)

    def scaled(self, pixel_format: str) -> list[tuple[str, str]]:
        """FFmpeg's filters from one of the frames to an upright one of `height` and `width`, with full range.

        Args:
            pixel_format: FFmpeg's name of the format that they give.
        """
        size = f"w={self.width}:h={self.height}:flags=bilinear:out_range=full:out_color_matrix=bt601:threads=1"
        return [*([self._rotation] if self._rotation else []), ("scale", size), ("format", pixel_format)]

    def _end(self, graph: Any) -> list[Any]:
        """The last frame as often as it is to be shown, by its declared length; once if that is absurd."""
        most = int(LONGEST_GAP_SECONDS * SOURCE_FPS)
        last = list(itertools.islice(_drain(graph), most + 1))
        self.is_cut_short = len(last) > most
        return last[:1] if self.is_cut_short else last

    def _fit(self, frame: Any) -> None:
        check_picture(frame.height, frame.width, self._pixel_aspect)
        turn = {90: ("transpose", "cclock"), -90: ("transpose", "clock"), 180: ("rotate", "PI"), -180: ("rotate", "PI")}
        self._first = frame
        self._rotation = turn.get(round(frame.rotation or 0))
        width, height = frame.width * self._pixel_aspect, float(frame.height)
        if self._rotation and self._rotation[0] == "transpose":
            width, height = height, width
        scale = min(self._shorter_side / min(width, height), 1.0)
        self.width, self.height = (max(2 * round(side * scale / 2), 2) for side in (width, height))


def filter_graph(frame: Any, *filters: tuple[str, str]) -> Any:
    """FFmpeg's filters, each by name and arguments, one after the other, for frames like this one."""
    graph = av.filter.Graph()
    buffer = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format.name, time_base=frame.time_base
    )
    nodes = [buffer, *(graph.add(*each) for each in filters), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    return graph


def _drain(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _kind(frame: Any) -> tuple[Any, ...]:
    return frame.width, frame.height, frame.format.name


def _like(frame: Any, first: Any) -> Any:
    changed = frame.reformat(width=first.width, height=first.height, format=first.format.name)
    changed.pts, changed.time_base = frame.pts, frame.time_base
    return changed
