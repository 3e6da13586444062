"""Media files in, 25 fps JPEG frames and mono sound out. Only this file and `sound` open media."""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.jpeg_encoder import JpegEncoder
from brave_tf.preparation.sound import SoundTrack, open_media, read_sound

SHORTEST_TAIL_SECONDS = 1.0
"""A shorter rest of a video that was cut into clips is dropped."""
CUT_OFF_SECONDS, CUT_OFF_SHARE = 0.5, 0.05
"""A file is cut off when more than both of these are missing at its end."""
DAMAGED_SHARE = 0.1
"""A file is damaged when more than this share of its packets does not decode."""
REPORT_FRAMES = 25
"""Frames from one report on progress to the next."""


class MediaError(Exception):
    """A file cannot be used; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class MediaSettings:
    """What to read from a file.

    Attributes:
        shorter_side: shorter side of the frames in pixels; smaller pictures keep their size.
        audio_rate_hz: rate of the mono sound, or None for no sound.
        clip_seconds: longer media are cut into clips of this length.
    """

    shorter_side: int = 256
    audio_rate_hz: int | None = 16_000
    clip_seconds: float = 10.0


@dataclasses.dataclass(frozen=True)
class Clip:
    """A piece of a media file.

    Attributes:
        start_seconds: where it begins, from the start of the file's first picture (or sound, if it has no picture).
        end_seconds: where it ends.
        frames: one JPEG per frame at 25 fps; empty without picture.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        samples: [N] float32 in [-1, 1], covering the same time; empty without sound.
    """

    start_seconds: float
    end_seconds: float
    frames: list[bytes]
    height: int
    width: int
    samples: np.ndarray


@dataclasses.dataclass(frozen=True)
class Course:
    """How a file is read: nothing of it changes what is read.

    Attributes:
        threads: tells how many cores there are for it, whenever it is called.
        report: is called now and then with the share of the file that is read, 0 to 1.
    """

    threads: Callable[[], int] = lambda: 1
    report: Callable[[float], None] = lambda share: None


def read_clips(
    path: Path,
    settings: MediaSettings,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    course: Course = Course(),
) -> Iterator[Clip]:
    """Reads a media file, or a piece of it, clip by clip.

    Args:
        path: a file in any format that FFmpeg knows.
        settings: sizes and rates.
        start_seconds: where to begin; None for the start.
        end_seconds: where to end; None for the end.
        course: threads and progress.

    Yields:
        Clips in order; frames are held in memory for one clip at a time.

    Raises:
        MediaError: the file is empty, cut off, damaged, or no media at all. Clips that were yielded before are then not
            to be kept.
    """
    begin, end = start_seconds or 0.0, end_seconds
    try:
        if path.stat().st_size == 0:
            raise MediaError("is empty")
        sound = read_sound(path, settings.audio_rate_hz, begin, end) if settings.audio_rate_hz else None
        with open_media(path) as container:
            stream = _picture_stream(container)
            if stream is not None:
                yield from _picture_clips(container, stream, sound, settings, begin, end, course)
                return
        if sound is None or not sound.samples.size:
            raise MediaError("has neither picture nor sound" if settings.audio_rate_hz else "has no picture")
        _check_end(sound.end_seconds, sound.declared_seconds, end, "sound")
        yield from _sound_clips(sound, settings, begin)
    except av.error.FFmpegError as error:
        raise MediaError(f"does not decode ({error.strerror})") from error
    except OSError as error:
        raise MediaError(f"cannot be read ({error.strerror or error})") from error
    except (ValueError, ArithmeticError, LookupError) as error:  # what PyAV raises on media that it did not expect
        raise MediaError(f"cannot be read ({error})") from error


def _picture_stream(container: Any) -> Any:
    candidates = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic
    ]
    best = container.streams.best("video")
    return best if best in candidates else next(iter(candidates), None)


def _picture_clips(
    container: Any,
    stream: Any,
    sound: SoundTrack | None,
    settings: MediaSettings,
    begin: float,
    end: float | None,
    course: Course,
) -> Iterator[Clip]:
    encoder = JpegEncoder(settings.shorter_side, stream.sample_aspect_ratio, course.threads)
    decoder = _Decoder(container, stream, begin, end)
    per_clip = max(round(settings.clip_seconds * SOURCE_FPS), 1)
    frames: list[bytes] = []
    finished = 0
    for jpeg in encoder.encode(decoder):
        frames.append(jpeg)
        if len(frames) % REPORT_FRAMES == 0:
            course.report(decoder.share())
        if len(frames) == per_clip:
            yield _clip(frames, finished, encoder, decoder, sound, begin)
            finished += per_clip
            frames = []
    decoder.check(sound)
    if frames and (finished == 0 or len(frames) >= SHORTEST_TAIL_SECONDS * SOURCE_FPS):
        yield _clip(frames, finished, encoder, decoder, sound, begin)


def _clip(
    frames: list[bytes],
    first: int,
    encoder: JpegEncoder,
    decoder: "_Decoder",
    sound: SoundTrack | None,
    begin: float,
) -> Clip:
    offset, seconds = first / SOURCE_FPS, len(frames) / SOURCE_FPS
    samples = np.zeros(0, np.float32)
    if sound is not None:
        samples = sound.cut(decoder.first_seconds + offset, seconds)
    return Clip(begin + offset, begin + offset + seconds, frames, encoder.height, encoder.width, samples)


def _sound_clips(sound: SoundTrack, settings: MediaSettings, begin: float) -> Iterator[Clip]:
    total = sound.samples.size / sound.rate_hz
    for start in np.arange(0, total, settings.clip_seconds).tolist():
        seconds = min(settings.clip_seconds, total - start)
        if start > 0 and seconds < SHORTEST_TAIL_SECONDS:
            continue
        samples = sound.cut(sound.start_seconds + start, seconds)
        yield Clip(begin + start, begin + start + seconds, [], 0, 0, samples)


def _check_end(reached: float, declared: float | None, end: float | None, what: str) -> None:
    # Where no length is declared nothing can be missed: a piece may end after its file does.
    if not declared:
        return
    expected = declared if end is None else min(end, declared)
    missing = expected - reached
    if missing > max(CUT_OFF_SECONDS, CUT_OFF_SHARE * expected):
        raise MediaError(f"is cut off: {what} ends at {max(reached, 0):.1f} of {expected:.1f} s")


class _Decoder:
    """Decoded frames of one stream from `begin` to `end`, with an account of what was damaged."""

    def __init__(self, container: Any, stream: Any, begin: float, end: float | None):
        self._container = container
        self._stream = stream
        self._begin = begin
        self._end = end
        self._packets = self._damaged = self._decoded = 0
        self._cut = False
        # Some containers begin their clock anywhere; times count from the file's own start.
        self._origin = (container.start_time or 0) / av.time_base
        self.first_seconds = 0.0
        self.last_seconds = 0.0
        # What several threads make of a damaged picture differs from run to run.
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1

    def __iter__(self) -> Iterator[Any]:
        if self._begin > 1.0:
            self._container.seek(int((self._origin + self._begin) * av.time_base), backward=True)
        for frame in self._frames():
            if frame.time is None:
                continue
            seconds = frame.time - self._origin
            if seconds < self._begin - 0.5 / SOURCE_FPS:
                continue
            if self._end is not None and seconds >= self._end - 1e-6:
                return
            if self._decoded == 0:
                self.first_seconds = seconds
            self._decoded += 1
            self.last_seconds = seconds
            yield frame

    def _frames(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self._cut = True
                return
            self._packets += packet.size > 0
            try:
                yield from packet.decode()
            except av.error.FFmpegError:
                self._damaged += 1

    def share(self) -> float:
        """Roughly how much of what there is to decode is decoded, 0 to 1."""
        declared = (self._container.duration or 0) / av.time_base
        end = min(self._end or declared, declared) or self._end or 0.0
        return min(max(self.last_seconds - self._begin, 0.0) / max(end - self._begin, 1.0), 1.0)

    def check(self, sound: SoundTrack | None) -> None:
        """Raises `MediaError` if the stream was damaged or ended too soon."""
        if self._decoded == 0:
            if self._begin > 0 and self._packets > self._damaged:
                raise MediaError(f"has no picture from {self._begin:g} s on")
            raise MediaError("does not decode: no frame of its picture is readable")
        if self._damaged > DAMAGED_SHARE * self._packets:
            raise MediaError(f"is damaged: {self._damaged} of {self._packets} packets do not decode")
        rate = self._stream.average_rate or Fraction(25)
        reached = self.last_seconds + float(1 / rate)
        if self._stream.duration is not None:
            start = float((self._stream.start_time or 0) * self._stream.time_base) - self._origin
            declared = start + float(self._stream.duration * self._stream.time_base)
        else:
            # The file's length is that of its longest stream.
            declared = (self._container.duration or 0) / av.time_base
            reached = max(reached, sound.end_seconds if sound else 0.0)
        _check_end(reached, declared, self._end, "picture")
        if self._cut:
            raise MediaError(f"is cut off after {reached:.1f} s")
        # Some containers list every packet. Edit lists may drop some by intent; then the end is still reached.
        listed = self._stream.frames
        missing = listed - self._packets
        whole = self._begin == 0 and self._end is None
        if whole and missing > max(2, CUT_OFF_SHARE * listed) and reached < declared - float(2 / rate):
            raise MediaError(f"is cut off: it holds {self._packets} of {listed} pictures")
