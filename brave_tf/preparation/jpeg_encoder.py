"""Decoded frames in, JPEGs of one size at 25 fps out."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import av

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.steady_frames import SteadyFrames, filter_graph

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
    """

    def __init__(self, shorter_side: int, pixel_aspect: float = 1.0, threads: Callable[[], int] = lambda: 1):
        self._steady = SteadyFrames(shorter_side, pixel_aspect)
        self._threads = threads
        self._idle: collections.deque[_PictureEncoder] = collections.deque()

    @property
    def height(self) -> int:
        """Of the JPEGs, in pixels."""
        return self._steady.height

    @property
    def width(self) -> int:
        """Of the JPEGs, in pixels."""
        return self._steady.width

    @property
    def is_cut_short(self) -> bool:
        """Whether the last frame that came would stay for longer than a gap in the clock."""
        return self._steady.is_cut_short

    def encode(self, frames: Iterable[Any]) -> Iterator[bytes]:
        """JPEGs of frames resampled in time by FFmpeg's own filter.

        May be called again, for frames after a gap; all JPEGs have the size of the first.

        Raises:
            MediaError: the frames are larger, or longer, than any are.
        """
        waiting: collections.deque[Future[list[bytes]]] = collections.deque()
        with ThreadPoolExecutor() as pool:
            for batch in _batches(self._steady.resample(frames)):
                threads = min(self._threads(), MOST_THREADS)
                if threads == 1 and not waiting:
                    yield from self._encode(batch)
                    continue
                waiting.append(pool.submit(self._encode, batch))
                while len(waiting) > threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    def _encode(self, batch: _Batch) -> list[bytes]:
        try:
            encoder = self._idle.pop()
        except IndexError:
            encoder = _PictureEncoder(self._steady)
        jpegs = [jpeg for frame, times in batch for jpeg in [encoder.encode(frame)] * times]
        self._idle.append(encoder)
        return jpegs


class _PictureEncoder:
    """Turns, scales and encodes frame by frame, on one core."""

    def __init__(self, steady: SteadyFrames):
        self._filters = steady.scaled("yuvj420p")
        self._graph: Any = None
        self._codec: Any = av.CodecContext.create("mjpeg", "w")
        self._codec.width, self._codec.height, self._codec.pix_fmt = steady.width, steady.height, "yuvj420p"
        self._codec.time_base = Fraction(1, int(SOURCE_FPS))
        # FFmpeg's own threads of this encoder would come with larger JPEGs.
        self._codec.thread_count = 1
        self._codec.options = {"qmin": str(JPEG_QUALITY), "qmax": str(JPEG_QUALITY)}

    def encode(self, frame: Any) -> bytes:
        if self._graph is None:
            self._graph = filter_graph(frame, *self._filters)
        self._graph.push(frame)
        picture = self._graph.pull()
        picture.pict_type = 0
        # The encoder refuses times that go back, as where a clock jumps, and needs none.
        picture.pts = None
        (packet,) = self._codec.encode(picture)
        return bytes(packet)


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
