"""Decoded frames in, JPEGs of one size at 25 fps out."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import av
import av.filter

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.limits import LONGEST_GAP_SECONDS, check_picture

JPEG_QUALITY = 2
"""Quantiser scale of the MJPEG encoder, 1 (best) to 31."""
BATCH_FRAMES = 4
"""Frames that a thread gets at a time, """
BATCH_PIXELS = 4 * 3840 * 2160
"""and fewer of those that are larger than 4K: one of 8K takes 50 to 130 MB."""
MOST_THREADS = 6
"""More are not kept busy by one decoder; each holds frames of the size of the video."""

_Batch = list[tuple[Any, int]]
"""Frames that differ, each with how many times in a row it comes."""


class JpegEncoder:
    """Frames of any size, rate and format in; JPEGs of one size with square pixels at 25 fps out.

    Args:
        shorter_side: of the JPEGs, in pixels; smaller frames keep their size.
        pixel_aspect: width of the frames' pixels by their height.
        threads: how many cores there are for this, asked again all the time. It changes no byte.

    Attributes:
        height: of the JPEGs, in pixels.
        width: of the JPEGs, in pixels.
        is_cut_short: whether the last frame that came would stay for longer than a gap in the clock.
    """

    def __init__(self, shorter_side: int, pixel_aspect: float = 1.0, threads: Callable[[], int] = lambda: 1):
        self._shorter_side = shorter_side
        self._pixel_aspect = pixel_aspect
        self._threads = threads
        self._first: Any = None
        self._rotation: tuple[str, str] | None = None
        self._idle: collections.deque[_PictureEncoder] = collections.deque()
        self.height = self.width = 0
        self.is_cut_short = False

    def encode(self, frames: Iterable[Any]) -> Iterator[bytes]:
        """JPEGs of frames resampled in time by FFmpeg's own filter.

        May be called again, for frames after a gap; all JPEGs have the size of the first.

        Raises:
            MediaError: the frames are larger, or longer, than any are.
        """
        waiting: collections.deque[Future[list[bytes]]] = collections.deque()
        with ThreadPoolExecutor() as pool:
            for batch in _batches(self._resample(frames)):
                threads = min(self._threads(), MOST_THREADS)
                if threads == 1 and not waiting:
                    yield from self._encode(batch)
                    continue
                waiting.append(pool.submit(self._encode, batch))
                while len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    def _resample(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Frames at 25 fps, of the very first one's size and format."""
        graph: Any = None
        for frame in frames:
            if self._first is None:
                self._fit(frame)
            elif _kind(frame) != _kind(self._first):
                frame = _like(frame, self._first)
            if graph is None:
                graph = _graph(frame, ("fps", f"fps={SOURCE_FPS:g}"))
            graph.push(frame)
            yield from _drain(graph)
        if graph is not None:
            graph.push(None)
            yield from self._end(graph)

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

    def _encode(self, batch: _Batch) -> list[bytes]:
        try:
            encoder = self._idle.pop()
        except IndexError:
            encoder = _PictureEncoder(self.width, self.height, self._rotation)
        jpegs = [jpeg for frame, times in batch for jpeg in [encoder.encode(frame)] * times]
        self._idle.append(encoder)
        return jpegs


class _PictureEncoder:
    """Turns, scales and encodes frame by frame, on one core."""

    def __init__(self, width: int, height: int, rotation: tuple[str, str] | None):
        size = f"w={width}:h={height}:flags=bilinear:out_range=full:out_color_matrix=bt601:threads=1"
        self._filters = [*([rotation] if rotation else []), ("scale", size), ("format", "yuvj420p")]
        self._graph: Any = None
        self._codec: Any = av.CodecContext.create("mjpeg", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = width, height, "yuvj420p"
        self._codec.time_base = Fraction(1, int(SOURCE_FPS))
        # FFmpeg's own threads of this encoder would come with larger JPEGs.
        self._codec.thread_count = 1
        self._codec.options = {"qmin": str(JPEG_QUALITY), "qmax": str(JPEG_QUALITY)}

    def encode(self, frame: Any) -> bytes:
        if self._graph is None:
            self._graph = _graph(frame, *self._filters)
        self._graph.push(frame)
        picture = self._graph.pull()
        picture.pict_type = 0
        # The encoder refuses times that go back, as where a clock jumps, and needs none.
        picture.pts = None
        (packet,) = self._codec.encode(picture)
        return bytes(packet)


def _graph(frame: Any, *filters: tuple[str, str]) -> Any:
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


def _batches(frames: Iterable[Any]) -> Iterator[_Batch]:
    """Groups of frames; a frame that is repeated, as in videos of fewer than 25 fps, is counted instead."""
    batch: _Batch = []
    # Two frames in one place in memory, both of them alive, are one picture.
    for _, repeated in itertools.groupby(frames, lambda frame: frame.planes[0].buffer_ptr):
        alike = list(repeated)
        frame = alike[0]
        batch.append((frame, len(alike)))
        if len(batch) == BATCH_FRAMES or len(batch) * frame.width * frame.height >= BATCH_PIXELS:
            yield batch
            batch = []
    if batch:
        yield batch


def _kind(frame: Any) -> tuple[Any, ...]:
    return frame.width, frame.height, frame.format.name


def _like(frame: Any, first: Any) -> Any:
    changed = frame.reformat(width=first.width, height=first.height, format=first.format.name)
    changed.pts, changed.time_base = frame.pts, frame.time_base
    return changed
