"""The sound of a media file as one mono waveform on the file's time line."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from brave_tf.preparation.clock import Clock, Stretch
from brave_tf.preparation.limits import check_length, check_sound
from brave_tf.preparation.media_file import PACKETS_END, go_to, open_media
from brave_tf.preparation.sound_track import Piece, SoundTrack

GAP_SECONDS = 0.1
"""A longer hole between two pieces of sound is filled with silence, up to `limits.LONGEST_GAP_SECONDS`."""

FRAMES_PER_PIECE = 64
"""Frames whose samples are handed on together: a second or two."""


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
            go_to(container, begin)
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
        reader = _Reader(rate_hz, path.stat().st_size)
        lowest = round((begin - first) * rate_hz)
        skipped = round((start - first) * rate_hz)
        highest = None if end is None else skipped + round((end - start) * rate_hz)
        pieces = _trimmed(reader.pieces(itertools.chain([head], frames)), lowest, highest, skipped)
        yield SoundTrack(pieces, rate_hz, start, declared, reader.clock)


class _Reader:
    """Resamples decoded frames and places them on the time line."""

    def __init__(self, rate_hz: int, file_bytes: int):
        self.clock = Clock("sound")
        self._rate_hz = rate_hz
        self._file_bytes = file_bytes
        self._samples_read = 0
        self._resampler: Any = None
        self._setup: Any = None
        self._start: Stretch | None = None
        self._stretch: Stretch | None = None
        self._expected = 0.0
        self._position = 0
        # Frames are short: what is done with their samples is done for many at a time.
        self._waiting: list[np.ndarray] = []

    def pieces(self, timed: Iterable[tuple[float, float, Any]]) -> Iterator[Piece]:
        """The sound of frames, each behind the time of its beginning and its length in seconds."""
        for seconds, duration, frame in self.clock.steady(timed):
            stretch = self.clock.follow(seconds, seconds + duration)
            if stretch is not self._stretch or seconds - self._expected > GAP_SECONDS:
                yield from self._move(seconds, stretch)
            # A broadcast may change its sound on the way; a resampler takes one kind only.
            setup = frame.format.name, frame.layout.name, frame.sample_rate
            if self._resampler is None or self._setup != setup:
                self._change(frame, setup)
            frame.pts = None
            self._waiting += _samples(self._resampler, frame)
            self._expected += duration
            if len(self._waiting) >= FRAMES_PER_PIECE:
                yield from self._place()
        self._flush()
        yield from self._place()

    def _move(self, seconds: float, stretch: Stretch) -> Iterator[Piece]:
        """Goes to where a frame begins, if that is not where the last one ended."""
        self._flush()
        if stretch is self._stretch:
            self._waiting.append(np.zeros(round((seconds - self._expected) * self._rate_hz), np.float32))
        else:
            yield from self._place()
            self._start = self._start or stretch
            self._stretch = stretch
            self._position = round((seconds - self._start.first_seconds) * self._rate_hz)
        self._expected = seconds

    def _change(self, frame: Any, setup: tuple[Any, ...]) -> None:
        self._flush()
        check_sound(frame.sample_rate, frame.layout.nb_channels)
        self._resampler = av.AudioResampler(format="flt", layout="mono", rate=self._rate_hz)
        self._setup = setup

    def _flush(self) -> None:
        if self._resampler is not None:
            self._waiting += _samples(self._resampler, None)
            self._resampler = None

    def _place(self) -> Iterator[Piece]:
        """What waits, where it belongs."""
        if self._waiting and self._stretch:
            piece = Piece(self._stretch.lap, self._position, np.concatenate(self._waiting))
            self._waiting = []
            self._position = piece.end
            self._samples_read += piece.samples.size
            check_length(self._samples_read / self._rate_hz, self._file_bytes)
            yield piece


def _samples(resampler: Any, frame: Any) -> list[np.ndarray]:
    return [np.frombuffer(out.planes[0], np.float32, out.samples) for out in resampler.resample(frame)]


def _trimmed(pieces: Iterable[Piece], lowest: int, highest: int | None, skipped: int) -> Iterator[Piece]:
    """The samples from `lowest` to `highest`, numbered from `skipped` on."""
    for piece in pieces:
        start = max(lowest - piece.first, 0)
        stop = piece.samples.size if highest is None else max(highest - piece.first, 0)
        samples = piece.samples[start:stop]
        if samples.size:
            yield Piece(piece.lap, piece.first + start - skipped, samples)


def _timed(frames: Iterable[Any], origin: float, begin: float, end: float | None) -> Iterator[tuple[float, float, Any]]:
    """Frames that sound between two times, each behind the time of its beginning and its length in seconds."""
    for frame in frames:
        if frame.time is None:
            continue
        seconds = frame.time - origin
        if end is not None and seconds >= end:
            return
        duration = frame.samples / frame.sample_rate
        if seconds + duration >= begin:
            yield seconds, duration, frame


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (*PACKETS_END, av.error.FFmpegError):
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
