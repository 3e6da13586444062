"""The windows of a medium, one after the other, as its encoder is shown them: what is in memory is one window."""

import collections
import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from brave_tf.config import EvaluationInput
from brave_tf.embedding.frame_crop import FrameCrop
from brave_tf.embedding.grid import Grid
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES
from brave_tf.preparation.file_limits import OutputLimit
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media_file import as_media_errors
from brave_tf.preparation.media_settings import Course, MediaSettings
from brave_tf.preparation.picture import check_end
from brave_tf.preparation.pixels import LazyFrame, read_frames
from brave_tf.preparation.sound import read_sound
from brave_tf.preparation.sound_track import SoundTrack

SHORTEST_STRETCH_SECONDS = 1.0
"""What lies between two gaps of the clock and is shorter is left out, unless there is nothing else."""
_ALONE = Course()


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A piece of a medium, as an encoder is shown it.

    Attributes:
        file: the medium's name.
        start: where it begins, in seconds from the file's own start: what a player shows.
        end: where it ends.
        clip: frames [T, H, W, C] uint8 as they are stored, or sound [N] float32 in [-1, 1].
    """

    file: str
    start: float
    end: float
    clip: np.ndarray


def as_source(media: Source | str | os.PathLike[str]) -> Source:
    """A medium by its path, all of it; its name is the path."""
    return media if isinstance(media, Source) else Source(Path(media), printable(os.fspath(media)))


def media_windows(
    media: Source | str | os.PathLike[str],
    input_view: EvaluationInput,
    window: float | None = None,
    stride: float | None = None,
    *,
    course: Course = _ALONE,
) -> Iterator[Window]:
    """Cuts a medium into windows while it is decoded, from its beginning to its end.

    Windows do not reach over a gap of the file's clock. What is shorter than a window is repeated, as evaluation does.

    Args:
        media: a file, or a piece of one.
        input_view: what the encoder is shown at evaluation time.
        window: seconds of a window; None for the encoder's own length.
        stride: seconds from one window to the next; None for half a window.
        course: progress, and what is missing in the file.

    Yields:
        Windows in order; see `Grid.starts`.

    Raises:
        MediaError: the file is empty, cut off, damaged, no media at all, or lacks what the encoder embeds. Windows that
            were yielded before are then not to be kept.
        UsageError: `window` or `stride` is no number of seconds above 0, or too large; see `Grid.of`.
        UserError: the encoder embeds what no medium holds by itself, such as optical flow.
    """
    source, grid, facts = as_source(media), Grid.of(input_view, window, stride), MODALITIES[input_view.modality]
    check_modality(input_view)
    cut = (_sound_windows if facts.is_sound else _frame_windows)(source, input_view, grid, course)
    output, reached = OutputLimit(source.path), 0.0
    with as_media_errors():
        for found in _without_rests(cut, grid, course):
            # Where windows overlap, what is new in each counts.
            output.add(found.end - max(found.start, reached))
            reached = found.end
            yield found


def check_modality(input_view: EvaluationInput) -> None:
    """Raises `UserError` if an encoder embeds what is not in media files, but in datasets alone."""
    facts = MODALITIES[input_view.modality]
    if facts.prepare_option:
        raise UserError(
            f"the encoder embeds {facts.word}, which media files do not hold; prepare them with "
            f"{facts.prepare_option}, and give the dataset with --data"
        )


def _frame_windows(source: Source, input_view: EvaluationInput, grid: Grid, course: Course) -> Iterator[Window]:
    view = input_view.view
    crop, side = FrameCrop(view.shorter_side, view.size), MediaSettings().shorter_side
    origin: float | None = None
    for stretch, frames in read_frames(source.path, side, source.start_seconds, source.end_seconds, course):
        origin = stretch.first_seconds if origin is None else origin
        begin = origin + stretch.elapsed_seconds
        for start, length, clip in _cut_frames(frames, crop, view.step, grid):
            seconds = begin + start * grid.unit_seconds
            yield Window(source.name, seconds, seconds + length * grid.unit_seconds, clip)


def _cut_frames(
    frames: Iterable[LazyFrame], crop: FrameCrop, step: int, grid: Grid
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Windows of frames that follow one another: first unit, length in units, and frames [T, H, W, C]."""
    held: collections.deque[np.ndarray] = collections.deque(maxlen=grid.length)
    # Frames between those are needed as long as there may be too few to fill a window.
    between: dict[int, np.ndarray] = {}
    units = count = 0
    next_start, last_start = 0, None
    for count, frame in enumerate(frames, 1):
        if (count - 1) % step == 0:
            held.append(crop(frame()))
            units += 1
        elif last_start is None:
            between[count - 1] = crop(frame())
        # The last frame of a window is shown until the next one would be.
        if count == step * (next_start + grid.length):
            yield next_start, grid.length, np.stack(held)
            between.clear()
            next_start, last_start = next_start + grid.stride, next_start
    if units >= next_start + grid.length or (last_start is not None and grid.leaves_rest(last_start, units)):
        yield units - grid.length, count / step - units + grid.length, np.stack(held)
    elif last_start is None and count:
        shown = [step * number % count for number in range(grid.length)]
        yield 0, count / step, np.stack([between[each] if each % step else held[each // step] for each in shown])


def _sound_windows(source: Source, input_view: EvaluationInput, grid: Grid, course: Course) -> Iterator[Window]:
    rate, begin, end = input_view.sound.sample_rate_hz, source.start_seconds or 0.0, source.end_seconds
    with read_sound(source.path, rate, begin, end) as sound:
        if sound is None:
            raise MediaError("has no sound")
        whole = max((sound.declared_seconds or 0.0) if end is None else end, begin + 1.0) - begin
        for _, track in sound.stretches():
            for start, length, clip in _cut_sound(track, grid):
                seconds = track.start_seconds + start / rate
                course.report(min((seconds - begin) / whole, 1.0))
                yield Window(source.name, seconds, seconds + length / rate, clip)
        check_end(sound.read_to_end(), sound.declared_seconds, end, "sound")
        for line in sound.clock.remarks():
            course.remark(line)


def _cut_sound(track: SoundTrack, grid: Grid) -> Iterator[tuple[int, int, np.ndarray]]:
    """Windows of sound that follows one another: first sample, length in samples, and samples [N]."""
    rate = track.rate_hz

    def cut(first: int, count: int) -> np.ndarray:
        return track.cut(track.start_seconds + first / rate, count / rate)

    start, last_start = 0, None
    while (units := round(track.reach((start + grid.length) / rate) * rate)) >= start + grid.length:
        yield start, grid.length, cut(start, grid.length)
        start, last_start = start + grid.stride, start
    if last_start is not None:
        if grid.leaves_rest(last_start, units):
            yield units - grid.length, grid.length, cut(units - grid.length, grid.length)
    elif units:
        yield 0, units, np.resize(cut(0, units), grid.length)


def _without_rests(windows: Iterable[Window], grid: Grid, course: Course) -> Iterator[Window]:
    """Leaves out what is repeated to fill a window and under a second long, unless there is nothing else."""
    # The last window may lack the rest of its last unit.
    shortest = min(grid.window_seconds, SHORTEST_STRETCH_SECONDS) - grid.unit_seconds
    first: Window | None = None
    rests, found = 0, False
    for window in windows:
        # Times are sums of fractions.
        if window.end - window.start < shortest - 1e-6:
            first, rests = first or window, rests + 1
        else:
            found = True
            yield window
    if first is not None and not found:
        rests -= 1
        yield first
    if rests:
        course.remark(f"has {rests:,} of its pieces, under {SHORTEST_STRETCH_SECONDS:g} s between gaps, left out")
