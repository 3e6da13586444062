"""Decoded frames in, JPEGs of one size at 25 fps out."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import av.filter

from brave_tf.config import SOURCE_FPS

JPEG_QUALITY = 2
"""Quantiser scale of the MJPEG encoder, 1 (best) to 31."""


class JpegEncoder:
    """Frames of any size, rate and format in; JPEGs of one size with square pixels at 25 fps out."""

    def __init__(self, shorter_side: int, pixel_aspect: Fraction | None):
        self._shorter_side = shorter_side
        self._pixel_aspect = float(pixel_aspect or 1)
        self.height = self.width = 0

    def encode(self, frames: Iterable[Any]) -> Iterator[bytes]:
        """JPEGs of frames resampled in time by FFmpeg's own filter."""
        graph: Any = None
        codec: Any = None
        first: Any = None
        for frame in frames:
            if graph is None:
                first = frame
                graph = self._graph(frame)
                codec = self._codec()
            elif (frame.width, frame.height, frame.format.name) != (first.width, first.height, first.format.name):
                frame = _like(frame, first)
            graph.push(frame)
            yield from _drain(graph, codec)
        if graph is not None:
            graph.push(None)
            yield from _drain(graph, codec)

    def _graph(self, frame: Any) -> Any:
        turn = {90: ("transpose", "cclock"), -90: ("transpose", "clock"), 180: ("rotate", "PI"), -180: ("rotate", "PI")}
        rotation = turn.get(round(frame.rotation or 0))
        self._fit(frame, swap=bool(rotation and rotation[0] == "transpose"))
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format.name, time_base=frame.time_base
            )
        ]
        nodes.append(graph.add("fps", f"fps={SOURCE_FPS:g}"))
        if rotation:
            nodes.append(graph.add(*rotation))
        scale = f"w={self.width}:h={self.height}:flags=bilinear:out_range=full:out_color_matrix=bt601"
        nodes.append(graph.add("scale", scale))
        nodes.append(graph.add("format", "yuvj420p"))
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes).configure()
        return graph

    def _fit(self, frame: Any, swap: bool) -> None:
        width, height = frame.width * self._pixel_aspect, float(frame.height)
        if swap:
            width, height = height, width
        scale = min(self._shorter_side / min(width, height), 1.0)
        self.width, self.height = (max(2 * round(side * scale / 2), 2) for side in (width, height))

    def _codec(self) -> Any:
        codec = av.CodecContext.create("mjpeg", "w")
        codec.width, codec.height, codec.pix_fmt = self.width, self.height, "yuvj420p"
        codec.time_base = Fraction(1, int(SOURCE_FPS))
        codec.thread_count = 1
        codec.options = {"qmin": str(JPEG_QUALITY), "qmax": str(JPEG_QUALITY)}
        return codec


def _like(frame: Any, first: Any) -> Any:
    changed = frame.reformat(width=first.width, height=first.height, format=first.format.name)
    changed.pts, changed.time_base = frame.pts, frame.time_base
    return changed


def _drain(graph: Any, codec: Any) -> Iterator[bytes]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame.pict_type = 0
        for packet in codec.encode(frame):
            yield bytes(packet)
