"""The sound of a media file as one mono waveform on the file's time line."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from brave_tf.preparation.clock import Clock, Stretch
from brave_tf.preparation.limits import check_sound, check_time
from brave_tf.preparation.media_file import open_media
from brave_tf.preparation.sound_track import Piece, SoundTrack

GAP_SECONDS = 0.1
"""A longer hole between two pieces of sound is filled with silence, up to `limits.LONGEST_GAP_SECONDS`."""


@contextlib.contextmanager
def read_sound(path: Path, rate_hz: int, begin: float = 0.0, end: float | None = None) -> Iterator[SoundTrack | None]:
    """Opens the sound of a file, mixed down to mono and resampled.

    Args:
        path: a media file.
        rate_hz: samples per second of the result.
        begin: seconds from the file's start to begin at.
        end: seconds to end at; None for the end.

    Yields:
        The sound, or None if the file has none that decodes.

    Raises:
        MediaError: what it declares is out of bounds.
        av.error.FFmpegError: the file does not open.
    """
    with open_media(path) as container:
        stream = container.streams.best("audio")
        if stream is None or stream.codec_context is None:
            yield None
            return
        origin = (container.start_time or 0) / av.time_base
        if begin > 1.0:
            container.seek(int((origin + begin) * av.time_base), backward=True)
        frames = _timed(_frames(container, stream), origin, begin, end)
        head = next(frames, None)
        if head is None:
            yield None
            return
        declared = _declared_seconds(container, stream, origin)
        if declared is not None and container.format.name == "wav":
            declared *= _declared_share(path)
        first = head[0]
        start = max(begin, first)
        reader = _Reader(rate_hz)
        lowest = round((begin - first) * rate_hz)
        skipped = round((start - first) * rate_hz)
        highest = None if end is None else skipped + round((end - start) * rate_hz)
        pieces = _trimmed(reader.pieces(itertools.chain([head], frames)), lowest, highest, skipped)
        yield SoundTrack(pieces, rate_hz, start, declared, reader.clock)


class _Reader:
    """Resamples decoded frames and places them on the time line."""

    def __init__(self, rate_hz: int):
        self.clock = Clock("sound")
        self._rate_hz = rate_hz
        self._resampler: Any = None
        self._setup: Any = None
        self._start: Stretch | None = None
        self._stretch: Stretch | None = None
        self._expected = 0.0
        self._position = 0

    def pieces(self, timed: Iterable[tuple[float, Any]]) -> Iterator[Piece]:
        """The sound of frames, each behind its time in seconds."""
        for seconds, frame in timed:
            duration = frame.samples / frame.sample_rate
            yield from self._move(seconds, self.clock.follow(seconds, seconds + duration))
            yield from self._resample(frame)
            self._expected += duration
        yield from self._flush()

    def _move(self, seconds: float, stretch: Stretch) -> Iterator[Piece]:
        """Goes to where a frame begins, if that is not where the last one ended."""
        gap = seconds - self._expected
        if stretch == self._stretch and gap <= GAP_SECONDS:
            return
        yield from self._flush()
        if stretch == self._stretch:
            yield from self._place([np.zeros(round(gap * self._rate_hz), np.float32)])
        else:
            self._start = self._start or stretch
            self._stretch = stretch
            self._position = round((seconds - self._start.first_seconds) * self._rate_hz)
        self._expected = seconds

    def _resample(self, frame: Any) -> Iterator[Piece]:
        # A broadcast may change its sound on the way; a resampler takes one kind only.
        setup = frame.format.name, frame.layout.name, frame.sample_rate
        if self._resampler is None or self._setup != setup:
            yield from self._flush()
            check_sound(frame.sample_rate, frame.layout.nb_channels)
            self._resampler = av.AudioResampler(format="flt", layout="mono", rate=self._rate_hz)
            self._setup = setup
        frame.pts = None
        yield from self._place(_samples(self._resampler, frame))

    def _flush(self) -> Iterator[Piece]:
        if self._resampler is not None:
            yield from self._place(_samples(self._resampler, None))
            self._resampler = None

    def _place(self, arrays: Iterable[np.ndarray]) -> Iterator[Piece]:
        lap = self._stretch.lap if self._stretch else 0
        for samples in arrays:
            yield Piece(lap, self._position, samples)
            self._position += samples.size


def _samples(resampler: Any, frame: Any) -> list[np.ndarray]:
    return [out.to_ndarray().reshape(-1) for out in resampler.resample(frame)]


def _trimmed(pieces: Iterable[Piece], lowest: int, highest: int | None, skipped: int) -> Iterator[Piece]:
    """The samples from `lowest` to `highest`, numbered from `skipped` on."""
    for piece in pieces:
        start = max(lowest - piece.first, 0)
        stop = piece.samples.size if highest is None else max(highest - piece.first, 0)
        samples = piece.samples[start:stop]
        if samples.size:
            yield Piece(piece.lap, piece.first + start - skipped, samples)


def _timed(frames: Iterable[Any], origin: float, begin: float, end: float | None) -> Iterator[tuple[float, Any]]:
    """Frames that sound between two times, each behind its time in seconds."""
    for frame in frames:
        if frame.time is None:
            continue
        seconds = frame.time - origin
        check_time(seconds, "sound")
        if end is not None and seconds >= end:
            return
        if seconds + frame.samples / frame.sample_rate >= begin:
            yield seconds, frame


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def _declared_seconds(container: Any, stream: Any, origin: float) -> float | None:
    if stream.duration is not None:
        start = float((stream.start_time or 0) * stream.time_base) - origin
        return start + float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _declared_share(path: Path) -> float:
    """How much longer a RIFF file says to be than it is, at least 1: FFmpeg goes by what is there."""
    with open(path, "rb") as file:
        header = file.read(8)
    declared = int.from_bytes(header[4:8], "little") + len(header)
    # Writers that cannot go back leave the greatest number, or zero.
    if header[:4] != b"RIFF" or declared >= 2**32:
        return 1.0
    return max(declared / path.stat().st_size, 1.0)
