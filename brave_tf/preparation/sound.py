"""The sound of a media file as one mono waveform on the file's time line."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

# PyAV 19 always replaces what it cannot decode, and no longer takes the argument.
_LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

GAP_SECONDS = 0.1
"""A longer hole between two pieces of sound is filled with silence."""


@dataclasses.dataclass(frozen=True)
class SoundTrack:
    """Mono sound.

    Attributes:
        samples: [N] float32 in [-1, 1].
        rate_hz: samples per second.
        start_seconds: time of the first sample, from the file's start.
        declared_seconds: where the file says that the sound ends, or None.
    """

    samples: np.ndarray
    rate_hz: int
    start_seconds: float
    declared_seconds: float | None

    @property
    def end_seconds(self) -> float:
        """Time after the last sample."""
        return self.start_seconds + self.samples.size / self.rate_hz

    def cut(self, start_seconds: float, seconds: float) -> np.ndarray:
        """The sound from `start_seconds` on, silent where there is none; empty if there is none at all."""
        first = round((start_seconds - self.start_seconds) * self.rate_hz)
        count = round(seconds * self.rate_hz)
        samples = self.samples[max(first, 0) : max(first + count, 0)]
        if not samples.size:
            return np.zeros(0, np.float32)
        piece = np.zeros(count, np.float32)
        at = max(-first, 0)
        piece[at : at + samples.size] = samples
        return piece


def open_media(path: Path) -> Any:
    """Opens a media file for reading; tags in another encoding than UTF-8 do not matter."""
    return av.open(os.fspath(path), **_LENIENT)


def read_sound(path: Path, rate_hz: int, begin: float = 0.0, end: float | None = None) -> SoundTrack | None:
    """Decodes the sound of a file, mixed down to mono and resampled.

    Args:
        path: a media file.
        rate_hz: samples per second of the result.
        begin: seconds from the file's start to begin at.
        end: seconds to end at; None for the end.

    Returns:
        The sound, or None if the file has none that decodes.

    Raises:
        av.error.FFmpegError: the file does not open.
    """
    with open_media(path) as container:
        stream = container.streams.best("audio")
        if stream is None or stream.codec_context is None:
            return None
        origin = (container.start_time or 0) / av.time_base
        if begin > 1.0:
            container.seek(int((origin + begin) * av.time_base), backward=True)
        pieces, first = _pieces(container, stream, rate_hz, origin, begin, end)
        if not pieces:
            return None
        declared = _declared_seconds(container, stream, origin)
        if declared is not None and container.format.name == "wav":
            declared *= _declared_share(path)
    samples = np.clip(np.concatenate(pieces), -1.0, 1.0)
    track = SoundTrack(samples, rate_hz, first, declared)
    if begin <= first and (end is None or track.end_seconds <= end):
        return track
    start = max(begin, first)
    stop = track.end_seconds if end is None else min(end, track.end_seconds)
    return SoundTrack(track.cut(start, max(stop - start, 0.0)), rate_hz, start, declared)


def _pieces(
    container: Any, stream: Any, rate_hz: int, origin: float, begin: float, end: float | None
) -> tuple[list[np.ndarray], float]:
    resampler: Any = None
    setup: Any = None
    pieces: list[np.ndarray] = []
    first = 0.0
    expected: float | None = None
    for frame in _frames(container, stream):
        if frame.time is None:
            continue
        seconds = frame.time - origin
        if end is not None and seconds >= end:
            break
        if seconds + frame.samples / frame.sample_rate < begin:
            continue
        if expected is None:
            first = expected = seconds
        elif seconds - expected > GAP_SECONDS:
            pieces += _resampled(resampler, None)
            pieces.append(np.zeros(round((seconds - expected) * rate_hz), np.float32))
            resampler = None
            expected = seconds
        # A broadcast may change its sound on the way; a resampler takes one kind only.
        if resampler is None or setup != _setup(frame):
            pieces += _resampled(resampler, None)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
            setup = _setup(frame)
        frame.pts = None
        pieces += _resampled(resampler, frame)
        expected += frame.samples / frame.sample_rate
    return pieces + _resampled(resampler, None), first


def _setup(frame: Any) -> tuple[Any, ...]:
    return frame.format.name, frame.layout.name, frame.sample_rate


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


def _resampled(resampler: Any, frame: Any) -> list[np.ndarray]:
    if resampler is None:
        return []
    return [out.to_ndarray().reshape(-1) for out in resampler.resample(frame)]


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
