"""FFmpeg filter graphs that turn decoded frames into JPEG pictures at 25 fps and into mono PCM.

Used by `brave_tf.data.media` alone. Resampling in time, scaling, colour conversion, downmixing and filling of gaps are
FFmpeg's own filters, so that a prepared clip looks and sounds like what `ffmpeg` would have written.
"""

import itertools
import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import av.filter
import numpy as np
import numpy.typing as npt

from brave_tf.config import SOURCE_FPS

JPEG_QUANTISER = 2
"""FFmpeg's `-q:v`; 2 is the best that its JPEG encoder recommends (1 costs a third more bytes for no visible gain)."""

Samples = npt.NDArray[np.float32]

_NOTHING_YET = (av.error.BlockingIOError, av.error.EOFError)
_SQUARE = Fraction(1)


def jpeg_pictures(
    frames: Iterator[av.VideoFrame], origin: Fraction, shorter_side: int, pixel_aspect: Fraction | None
) -> Iterator[tuple[bytes, int, int]]:
    """Encodes a stream as one JPEG per 1/25 s.

    Args:
        frames: decoded frames in display order; each has a `pts` and a `duration`.
        origin: the time of the first picture in seconds; what lies before it is trimmed.
        shorter_side: pictures whose shorter side is longer than this are scaled down to it, in pixels.
        pixel_aspect: width / height of a source pixel; None means square.

    Yields:
        (JPEG bytes, height, width): the colours are BT.601 full range, as a JPEG reader expects them.
    """
    first = next(frames)
    width, height = _output_size(first, shorter_side, pixel_aspect)
    graph = _picture_graph(first, width, height)
    encoder = _jpeg_encoder(width, height)
    for frame in itertools.chain([first], frames, [None]):
        if frame is not None:
            frame.pts = round((frame.pts * frame.time_base - origin) / frame.time_base)
        for picture in _through(graph, frame):
            for packet in encoder.encode(picture):
                yield bytes(packet), height, width


def mono_samples(frames: Iterator[av.AudioFrame], origin: Fraction, rate_hz: int) -> Iterator[Samples]:
    """Resamples a stream to mono, on the time line of the pictures.

    Args:
        frames: decoded frames in order; each has a `pts`.
        origin: the time of the first sample in seconds; earlier sound is trimmed, a later start is padded with zeros.
        rate_hz: output rate.

    Yields:
        float32 [n] in [-1, 1], in order. A hole of more than 0.1 s in the time stamps is filled with zeros, and an
        overlap is trimmed (FFmpeg's `aresample=async=1`).
    """
    graph, kind, written = None, None, 0
    for frame in itertools.chain(frames, [None]):
        if frame is not None:
            frame.pts = round((frame.pts * frame.time_base - origin) / frame.time_base)
            new_kind = (frame.sample_rate, frame.format.name, frame.layout.name, frame.time_base)
            if new_kind != kind:
                # AAC announces half its rate before the first SBR frame, and broadcasts switch from stereo to 5.1.
                ending = _through(graph, None) if graph is not None else iter(())
                for chunk in ending:
                    written += chunk.samples
                    yield _as_array(chunk)
                graph, kind = _sound_graph(frame, rate_hz, written), new_kind
        if graph is not None:
            for chunk in _through(graph, frame):
                written += chunk.samples
                yield _as_array(chunk)


def _through(
    graph: av.filter.Graph, frame: av.VideoFrame | av.AudioFrame | None
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    graph.push(frame)
    while True:
        try:
            yield graph.pull()
        except _NOTHING_YET:
            return


def _as_array(chunk: av.AudioFrame) -> Samples:
    # A downmix of loud channels may leave [-1, 1] in float arithmetic.
    return np.clip(chunk.to_ndarray()[0], -1.0, 1.0)


def _output_size(frame: av.VideoFrame, shorter_side: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Width and height after rotation, with square pixels, never larger than the source in either direction."""
    aspect = pixel_aspect if pixel_aspect and Fraction(1, 8) <= pixel_aspect <= 8 else _SQUARE
    width = frame.width * min(aspect, _SQUARE)
    height = frame.height / max(aspect, _SQUARE)
    if "transpose" in dict(_rotation(frame)):
        width, height = height, width
    scale = min(Fraction(1), Fraction(shorter_side) / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _picture_graph(frame: av.VideoFrame, width: int, height: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    graph.threads = 1
    # Spelled out instead of `add_buffer`, which would lose the frame's colour matrix and range.
    source = graph.add(
        "buffer",
        f"width={frame.width}:height={frame.height}:pix_fmt={frame.format.name}:time_base={frame.time_base}"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    steps = [
        ("fps", f"fps={SOURCE_FPS:g}:start_time=0"),
        *_rotation(frame),
        ("scale", f"{width}:{height}:flags=bicubic+accurate_rnd:out_color_matrix=bt601:out_range=pc"),
        ("format", "yuvj420p"),
        ("buffersink", None),
    ]
    graph.link_nodes(source, *(graph.add(name, options) for name, options in steps)).configure()
    return graph


def _rotation(frame: av.VideoFrame) -> list[tuple[str, str | None]]:
    """The filters that undo the display matrix of a phone's video; the cases are those of FFmpeg's `-autorotate`."""
    matrix = next((bytes(data) for data in frame.side_data if data.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return []
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    mirrored = a * d - b * c < 0
    if abs(b) > abs(a):
        turn = {
            (True, False): "cclock",
            (False, False): "clock",
            (True, True): "cclock_flip",
            (False, True): "clock_flip",
        }
        return [("transpose", turn[b < 0, mirrored])]
    flips: list[tuple[str, str | None]] = []
    if a < 0:
        flips.append(("hflip", None))
    if d < 0:
        flips.append(("vflip", None))
    return flips


def _jpeg_encoder(width: int, height: int) -> av.VideoCodecContext:
    encoder = av.VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = Fraction(1, int(SOURCE_FPS))
    encoder.qmin = encoder.qmax = JPEG_QUANTISER
    encoder.thread_count = 1
    return encoder


def _sound_graph(frame: av.AudioFrame, rate_hz: int, first_sample: int) -> av.filter.Graph:
    try:
        return _linked_sound_graph(frame, rate_hz, first_sample, [])
    except av.error.FFmpegError:
        # FFmpeg knows no mixing rule for a layout without named speakers, such as 7 microphones: average them.
        count = frame.layout.nb_channels
        mean = "+".join(f"{1 / count:.6f}*c{channel}" for channel in range(count))
        return _linked_sound_graph(frame, rate_hz, first_sample, [("pan", f"mono|c0={mean}")])


def _linked_sound_graph(
    frame: av.AudioFrame, rate_hz: int, first_sample: int, mixing: list[tuple[str, str]]
) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate, format=frame.format.name, layout=frame.layout.name, time_base=frame.time_base
    )
    steps = [
        *mixing,
        ("aresample", f"{rate_hz}:async=1:first_pts={first_sample}"),
        ("aformat", f"sample_fmts=flt:sample_rates={rate_hz}:channel_layouts=mono"),
        ("abuffersink", None),
    ]
    graph.link_nodes(source, *(graph.add(name, options) for name, options in steps)).configure()
    return graph
