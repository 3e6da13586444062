"""The demo's small world of things and motions: real media files that tell two stories.

Every clip is a few shots of a grey surface strewn with one kind of thing, such as stars, that pans sideways, pans up
and down, zooms, rotates, circles or stays. Thing and kind of motion belong to the clip and are independent of each
other; arrangement, shades, pose, speed and direction are new after each cut.

- The thing shows in every frame, and no sound tells it. It is what two views of the picture share.
- The motion shows in no single frame: shades and pose come from the same distribution for every motion, at every moment
  of a clip. Only frames in sequence tell it, or the sound, which depends on the motion alone. A network that learns it
  from sound has learned to see motion.
"""

import concurrent.futures
import csv
import dataclasses
import functools
import multiprocessing
import os
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from brave_tf.demo.world_sounds import SOUND_RATE_HZ, draw_sound
from brave_tf.demo.world_things import THINGS, draw_surface
from brave_tf.errors import UserError

MOTIONS = ("pan-sideways", "pan-vertical", "zoom", "rotate", "circle", "stay")
"""The kinds of motion, which are also the folder names."""

LIST_FILE = "clips.csv"
LABELS = {"motion": "label", "thing": "theme"}
"""The two label columns of the list, by what they tell."""

PICTURE_FPS = 25

# Lengths are in frame sides, so that a larger picture shows the same world. Narrow views of the tiny presets see every
# sixth frame: 0.24 s at the highest speed is a step of 0.17 sides, a third of the distance between two things (at
# zoom 1), which keeps the direction of motion unambiguous.
_SHOT_SECONDS = (0.8, 1.6)
_TILE_SIDES = 2.4
_PAN_SIDES_PER_SECOND = (0.36, 0.7)
_TURN_RADIANS_PER_SECOND = (1.2, 2.0)
_CIRCLE_TURNS_PER_SECOND = (0.5, 0.8)
_ZOOM_RATE_PER_SECOND = (0.5, 0.9)
_ZOOM_LOG_LIMIT = float(np.log(1.25))

_Floats = npt.NDArray[np.float32]
_Doubles = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class _Clip:
    """Everything that decides one file, hence also what is sent to a worker."""

    path: Path
    split: str
    motion: str
    thing: str
    index: int
    seconds: float
    size: int
    seed: int


@dataclasses.dataclass(frozen=True)
class _Path:
    """Where the camera is, frame by frame: shift [T, 2] (x, y) in frame sides, log_zoom [T], angle [T] in radians."""

    shift: _Doubles
    log_zoom: _Doubles
    angle: _Doubles


def write_world(
    folder: str | os.PathLike[str],
    *,
    clips_per_motion: Mapping[str, int],
    seconds: float = 4.0,
    size: int = 80,
    seed: int = 0,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Writes `folder/SPLIT/MOTION/MOTION-0001.mp4` and so on: H.264 at 25 fps with AAC mono sound.

    Each file is a pure function of (seed, split, motion, number, seconds, size): neither the number of workers nor the
    other clips change it. Files of the same name are replaced.

    Args:
        folder: made if absent.
        clips_per_motion: clips of each motion, by split, such as `{"train": 40, "test": 10}`.
        seconds: duration of every clip.
        size: height and width in pixels, rounded to an even number.
        seed: the world's number, at least 0.
        workers: processes; 1 stays in this one.
        progress: called as `progress(done, total)` after every clip.

    Returns:
        The files in order of split, motion and number.

    Raises:
        UserError: a number is out of range, or the folder cannot be written.
    """
    _check(clips_per_motion, seconds, size, seed, workers)
    clips = [
        _Clip(
            Path(folder) / split / motion / f"{motion}-{index:04d}.mp4",
            split,
            motion,
            thing_of(index),
            index,
            seconds,
            size,
            seed,
        )
        for split, count in clips_per_motion.items()
        for motion in MOTIONS
        for index in range(1, count + 1)
    ]
    try:
        for parent in {clip.path.parent for clip in clips}:
            parent.mkdir(parents=True, exist_ok=True)
        for done, _ in enumerate(_written(clips, workers), start=1):
            if progress:
                progress(done, len(clips))
    except OSError as error:
        raise UserError(f"received {folder} for the demo's clips; expected a writable folder: {error}") from error
    return [clip.path for clip in clips]


def write_list(folder: str | os.PathLike[str], files: list[Path]) -> Path:
    """Writes the list that `brave-tf prepare` takes: the path, split, motion and thing of every clip.

    Args:
        folder: the world's.
        files: what `write_world` returned.

    Returns:
        The list, `clips.csv` in the folder.
    """
    path = Path(folder) / LIST_FILE
    with path.open("w", newline="", encoding="utf-8") as list_file:
        rows = csv.writer(list_file)
        rows.writerow(("path", "split", LABELS["motion"], LABELS["thing"]))
        for file in files:
            split, motion, name = file.relative_to(folder).parts
            rows.writerow((f"{split}/{motion}/{name}", split, motion, thing_of(int(file.stem.rpartition("-")[2]))))
    return path


def _check(clips_per_motion: Mapping[str, int], seconds: float, size: int, seed: int, workers: int) -> None:
    if not clips_per_motion or min(clips_per_motion.values()) < 1:
        raise UserError(f"received clips_per_motion={dict(clips_per_motion)}; expected at least 1 clip for every split")
    for name, value, least in (("size", size, 16), ("seed", seed, 0), ("workers", workers, 1)):
        if value < least:
            raise UserError(f"received {name}={value}; expected at least {least}")
    if not seconds * PICTURE_FPS >= 1:
        raise UserError(f"received seconds={seconds}; expected at least one frame, {1 / PICTURE_FPS} s")


def _written(clips: list[_Clip], workers: int) -> Iterator[None]:
    """Writes every clip, yielding after each."""
    if workers == 1:
        yield from map(_write_clip, clips)
        return
    # Spawned, not forked: the caller may have started TensorFlow, whose threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(min(workers, len(clips)), context, _end_with_parent) as pool:
        yield from pool.map(_write_clip, clips, chunksize=4)


def _end_with_parent() -> None:
    """Ends this process when the one that started it has gone: killed, that one cannot tell its pool."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _write_clip(clip: _Clip) -> None:
    entropy = [clip.seed, zlib.crc32(clip.split.encode()), MOTIONS.index(clip.motion), clip.index]
    picture_rng, sound_rng = (np.random.default_rng(child) for child in np.random.SeedSequence(entropy).spawn(2))
    frames = draw_frames(clip.motion, clip.thing, clip.seconds, clip.size, picture_rng)
    sound = draw_sound(clip.motion, clip.seconds, sound_rng)
    # Renamed when complete: an interrupted run leaves no half file under a clip's name.
    partial = clip.path.with_suffix(".partial")
    _encode(partial, frames, sound)
    partial.replace(clip.path)


def thing_of(index: int) -> str:
    """What the clips of this number show, whichever way they move: the things in turn, from number 1 on."""
    return THINGS[(index - 1) % len(THINGS)]


def draw_frames(motion: str, thing: str, seconds: float, size: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The picture of one clip.

    Args:
        motion: one of `MOTIONS`.
        thing: one of `THINGS`.
        seconds: duration.
        size: height and width in pixels, rounded to an even number, which 4:2:0 video needs.
        rng: the clip's own source of shots, arrangements, shades, poses and speeds.

    Returns:
        [T, H, W, 3] uint8 at 25 fps, three equal channels, not blurred by the motion: a blur would show its direction
        in one frame.
    """
    side = 2 * round(size / 2)
    total = round(seconds * PICTURE_FPS)
    shots: list[npt.NDArray[np.uint8]] = []
    done = 0
    while done < total:
        # The first shot begins before the clip, so that a cut is as likely at its start as anywhere.
        count = round(rng.uniform(*_SHOT_SECONDS) * PICTURE_FPS)
        skipped = 0 if shots else int(rng.integers(count))
        shot = _draw_shot(motion, thing, min(count - skipped, total - done), side, rng)
        shots.append(shot)
        done += len(shot)
    return np.repeat(np.concatenate(shots)[..., None], 3, axis=-1)


def _draw_shot(motion: str, thing: str, frames: int, side: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """[T, H, W] uint8 from one cut to the next."""
    tile = round(_TILE_SIDES * side)
    surface = np.pad(draw_surface(thing, tile, side, rng), ((0, 1), (0, 1)), mode="wrap")
    path = _path(motion, np.arange(frames) / PICTURE_FPS, rng)
    start = rng.uniform(0, tile, size=2)
    return np.stack(
        [
            _look(surface, side, start, shift * side, zoom, angle)
            for shift, zoom, angle in zip(path.shift, np.exp(path.log_zoom), path.angle, strict=True)
        ]
    )


def _path(motion: str, time_seconds: _Doubles, rng: np.random.Generator) -> _Path:
    """The motion of one shot, from a pose that is drawn alike for every motion.

    The zoom bounces between its limits with a random phase, which spreads it evenly over them at any moment; the
    constant zoom of the other motions is spread likewise. Angle and place are uniform all round. One frame therefore
    tells nothing.
    """
    shift = np.zeros((time_seconds.size, 2))
    log_zoom = np.full(time_seconds.size, rng.uniform(-_ZOOM_LOG_LIMIT, _ZOOM_LOG_LIMIT))
    angle = np.full(time_seconds.size, rng.uniform(0, 2 * np.pi))
    sign, phase = rng.choice([-1.0, 1.0]), rng.uniform()
    speed = rng.uniform(*_PAN_SIDES_PER_SECOND)
    if motion == "pan-sideways":
        shift[:, 0] = sign * speed * time_seconds
    elif motion == "pan-vertical":
        shift[:, 1] = sign * speed * time_seconds
    elif motion == "zoom":
        legs = rng.uniform(*_ZOOM_RATE_PER_SECOND) / (2 * _ZOOM_LOG_LIMIT) * time_seconds + 2 * phase
        log_zoom = _ZOOM_LOG_LIMIT * (2 * np.abs(legs % 2 - 1) - 1)
    elif motion == "rotate":
        angle = angle + sign * rng.uniform(*_TURN_RADIANS_PER_SECOND) * time_seconds
    elif motion == "circle":
        turns_hz = rng.uniform(*_CIRCLE_TURNS_PER_SECOND)
        turn = 2 * np.pi * (sign * turns_hz * time_seconds + phase)
        shift = speed / (2 * np.pi * turns_hz) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    elif motion != "stay":
        raise ValueError(f"received motion {motion!r}; expected one of {', '.join(MOTIONS)}")
    return _Path(shift, log_zoom, angle)


@functools.cache
def _screen(side: int) -> tuple[_Floats, _Floats]:
    """Every pixel's x and y from the centre of the picture: two [side, side] arrays."""
    y, x = np.mgrid[:side, :side].astype(np.float32) - np.float32((side - 1) / 2)
    return x, y


def _look(
    surface: _Floats, side: int, start: _Doubles, shift: _Doubles, zoom: float, angle: float
) -> npt.NDArray[np.uint8]:
    """One frame [side, side]: the endless tiling of the surface from this pose, bilinear between its pixels.

    The surface's last row and column are its first ones again: every pixel has neighbours to the right and below.
    """
    screen_x, screen_y = _screen(side)
    x, y = screen_x - np.float32(shift[0]), screen_y - np.float32(shift[1])
    cos, sin = np.float32(np.cos(angle) / zoom), np.float32(np.sin(angle) / zoom)
    column, row = cos * x - sin * y + np.float32(start[0]), sin * x + cos * y + np.float32(start[1])
    left, top = np.floor(column), np.floor(row)
    right_share, bottom_share = column - left, row - top
    width = surface.shape[1]
    place = top.astype(np.intp) % (width - 1) * width + left.astype(np.intp) % (width - 1)
    pixels = surface.reshape(-1)
    upper, lower = (
        pixels.take(first) * (1 - right_share) + pixels.take(first + 1) * right_share
        for first in (place, place + width)
    )
    return np.asarray(upper + (lower - upper) * bottom_share + 0.5, np.uint8)


def _encode(path: Path, frames: npt.NDArray[np.uint8], sound: _Floats) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        # Key frames only, at a constant quantiser: prediction from earlier frames leaves fine traces, from which a
        # linear classifier named the motion of a single frame in 26 of 100 clips instead of 17.
        options = {"preset": "ultrafast", "qp": "20", "g": "1"}
        picture = container.add_stream("libx264", rate=PICTURE_FPS, options=options)
        picture.height, picture.width, picture.pix_fmt = *frames.shape[1:3], "yuv420p"
        picture.codec_context.thread_count = 1
        track = container.add_stream("aac", rate=SOUND_RATE_HZ, layout="mono")
        images = (av.VideoFrame.from_ndarray(frame, format="rgb24") for frame in frames)
        for image in images:
            container.mux(picture.encode(image))
        container.mux(picture.encode(None))
        wave = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        wave.sample_rate, wave.pts, wave.time_base = SOUND_RATE_HZ, 0, Fraction(1, SOUND_RATE_HZ)
        container.mux(track.encode(wave))
        container.mux(track.encode(None))
