"""Media files in, 25 fps JPEG frames and mono sound out."""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.clock import Stretch, remark_silence
from brave_tf.preparation.jpeg_encoder import JpegEncoder
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media_file import as_media_errors, open_media
from brave_tf.preparation.media_settings import Course, MediaSettings
from brave_tf.preparation.picture import Pictures, check_end, picture_stream
from brave_tf.preparation.sound import read_sound
from brave_tf.preparation.sound_track import SoundTrack
from brave_tf.preparation.steady_frames import LONG_LAST_PICTURE

__all__ = ["Clip", "Course", "MediaError", "MediaSettings", "read_clips"]

SHORTEST_TAIL_SECONDS = 1.0
"""A shorter rest of a video that was cut into clips is dropped."""
REPORT_FRAMES = 25
"""Frames from one report on progress to the next."""
_ALONE = Course()


@dataclasses.dataclass(frozen=True)
class Clip:
    """A piece of a media file.

    Attributes:
        start_seconds: where it begins, from the start of the file's first picture (or sound, if it has no picture).
            Where the file's clock goes back, the time goes on.
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


def read_clips(
    path: Path,
    settings: MediaSettings,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    course: Course = _ALONE,
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
    with as_media_errors():
        yield from _kept(_clips(path, settings, start_seconds or 0.0, end_seconds, course), course)


def _kept(clips: Iterator[tuple[Clip, bool]], course: Course) -> Iterator[Clip]:
    """Leaves out the clips that are marked as short rests, but for the first if there is nothing else."""
    first: Clip | None = None
    left_out = 0
    found = before_was_rest = False
    for clip, is_rest in clips:
        # The rest at the end of a file is left out by design, and not worth a word.
        left_out += before_was_rest
        before_was_rest = is_rest
        if is_rest:
            first = first or clip
        else:
            found = True
            yield clip
    if first is not None and not found:
        yield first
    if left_out:
        course.remark(f"has {left_out:,} of its pieces, under {SHORTEST_TAIL_SECONDS:g} s between gaps, left out")


def _clips(
    path: Path, settings: MediaSettings, begin: float, end: float | None, course: Course
) -> Iterator[tuple[Clip, bool]]:
    """Clips of a file, each with whether it is a short rest."""
    with contextlib.ExitStack() as stack:
        sound = None
        if settings.audio_rate_hz:
            sound = stack.enter_context(read_sound(path, settings.audio_rate_hz, begin, end))
        container = stack.enter_context(open_media(path))
        stream = picture_stream(container)
        clocks = [sound.clock] if sound else []
        if stream is not None:
            pictures = Pictures(container, stream, begin, end)
            clocks.insert(0, pictures.clock)
            yield from _picture_clips(pictures, sound, settings, begin, course)
        elif sound is not None:
            yield from _sound_clips(sound, settings, begin, end)
        else:
            raise MediaError("has neither picture nor sound" if settings.audio_rate_hz else "has no picture")
    for clock in clocks:
        for line in clock.remarks():
            course.remark(line)
    if len(clocks) == 2:
        for line in remark_silence(*clocks):
            course.remark(line)


def _picture_clips(
    pictures: Pictures, sound: SoundTrack | None, settings: MediaSettings, begin: float, course: Course
) -> Iterator[tuple[Clip, bool]]:
    encoder = JpegEncoder(settings.shorter_side, pictures.pixel_aspect, course.threads)
    per_clip = max(round(settings.clip_seconds * SOURCE_FPS), 1)
    shortest = min(per_clip, SHORTEST_TAIL_SECONDS * SOURCE_FPS)

    def clip(stretch: Stretch, first: int, frames: list[bytes]) -> Clip:
        offset, seconds = first / SOURCE_FPS, len(frames) / SOURCE_FPS
        samples = np.zeros(0, np.float32)
        if sound is not None:
            samples = sound.cut(stretch.first_seconds + offset, seconds, stretch.lap)
        start = begin + stretch.elapsed_seconds + offset
        return Clip(start, start + seconds, frames, encoder.height, encoder.width, samples)

    for stretch, decoded in pictures.stretches():
        frames: list[bytes] = []
        finished = 0
        for jpeg in encoder.encode(decoded):
            frames.append(jpeg)
            if len(frames) % REPORT_FRAMES == 0:
                course.report(pictures.share())
            if len(frames) == per_clip:
                yield clip(stretch, finished, frames), False
                finished += per_clip
                frames = []
        if frames:
            yield clip(stretch, finished, frames), len(frames) < shortest
    pictures.check(sound)
    if encoder.is_cut_short:
        course.remark(LONG_LAST_PICTURE)


def _sound_clips(
    sound: SoundTrack, settings: MediaSettings, begin: float, end: float | None
) -> Iterator[tuple[Clip, bool]]:
    length = settings.clip_seconds
    shortest = min(length, SHORTEST_TAIL_SECONDS) - 0.5 / sound.rate_hz
    found = False
    for elapsed, stretch in sound.stretches():
        for number in itertools.count():
            start = number * length
            seconds = min(length, stretch.reach(start + length) - start)
            if seconds <= 0:
                break
            samples = stretch.cut(stretch.start_seconds + start, seconds)
            at = begin + elapsed + start
            yield Clip(at, at + seconds, [], 0, 0, samples), seconds < shortest
            found = True
    if not found:
        raise MediaError("has neither picture nor sound")
    check_end(sound.read_to_end(), sound.declared_seconds, end, "sound")
