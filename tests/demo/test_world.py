"""The demo's world: real files, and a class that only time can tell."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brave_tf.demo.world import MOTIONS, THINGS, draw_frames, thing_of, write_list, write_world
from brave_tf.demo.world_sounds import SOUND_RATE_HZ, draw_sound
from brave_tf.demo.world_things import draw_surface
from brave_tf.errors import UserError

CLIPS_PER_MOTION = 20
CHANCE = 1 / len(MOTIONS)

Floats = npt.NDArray[np.float64]


def decode(path: Path) -> tuple[npt.NDArray[np.uint8], Floats]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = [block.to_ndarray()[0] for block in container.decode(audio=0)]
    return np.stack(frames), np.concatenate(sound)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, npt.NDArray[np.uint8], Floats]]:
    """(motion, frames, sound) of every clip, as decoded."""
    folder = tmp_path_factory.mktemp("world")
    files = write_world(folder, clips_per_motion={"train": CLIPS_PER_MOTION}, seconds=2.0, seed=7)
    return [(path.parent.name, *decode(path)) for path in files]


def accuracy(features: list[Floats], motions: list[str], classifier: BaseEstimator | None = None) -> float:
    """Cross-validated top-1, of a linear classifier if no other is given."""
    if classifier is None:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    return float(cross_val_score(classifier, np.stack(features), motions, cv=5).mean())


def frame_statistics(frame: npt.NDArray[np.uint8]) -> Floats:
    """What one frame can tell: colours, contrast, sharpness, and energy by scale and by direction."""
    grey = frame.mean(axis=-1)
    energy = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    down, across = np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None, :]
    scale, direction = np.hypot(down, across), np.abs(np.arctan2(down, across))
    edges = np.array([0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.8])
    by_scale = [np.log(1 + energy[(scale >= a) & (scale < b)].sum()) for a, b in itertools.pairwise(edges)]
    sectors = np.linspace(0, np.pi + 1e-6, 5)
    by_direction = [energy[(direction >= a) & (direction < b)].sum() for a, b in itertools.pairwise(sectors)]
    color = [*frame.mean(axis=(0, 1)), *frame.std(axis=(0, 1))]
    return np.array([*color, *by_scale, *(by_direction / energy.sum())])


def flow_statistics(frames: npt.NDArray[np.uint8]) -> Floats:
    """Horizontal and vertical flow, divergence and curl by least squares, by frame: level and spread over time."""
    grey = frames.mean(axis=-1)
    gradient_t = np.diff(grey, axis=0)
    gradient_y, gradient_x = np.gradient(grey[:-1], axis=1), np.gradient(grey[:-1], axis=2)
    y, x = np.mgrid[-1 : 1 : grey.shape[1] * 1j, -1 : 1 : grey.shape[2] * 1j]
    parts = [gradient_x, gradient_y, x * gradient_x + y * gradient_y, x * gradient_y - y * gradient_x]
    flow = np.stack([(part * gradient_t).mean(axis=(1, 2)) / (part**2).mean(axis=(1, 2)) for part in parts])
    return np.concatenate([np.abs(flow).mean(axis=1), flow.std(axis=1)])


def sound_statistics(sound: Floats) -> Floats:
    """The spectrum against its peak (pitch differs from clip to clip), and how much level and spectrum vary."""
    spectra = np.abs(np.fft.rfft(sound[: sound.size // 480 * 480].reshape(-1, 480), axis=1)) + 1e-3
    level = np.log(spectra.sum(axis=1))
    mean = np.log(np.sort(spectra.mean(axis=0))[::-1][:40])
    changes = np.abs(np.diff(np.log(spectra), axis=0))
    return np.array([*(mean - mean[0]), level.std(), np.abs(np.diff(level)).mean(), changes.mean(), changes.std()])


def test_files_hold_the_promised_picture_and_sound(tmp_path: Path) -> None:
    files = write_world(tmp_path, clips_per_motion={"train": 2, "test": 1}, seconds=1.2, size=63, workers=1)
    names = [path.relative_to(tmp_path).as_posix() for path in files]
    assert names[:2] == ["train/pan-sideways/pan-sideways-0001.mp4", "train/pan-sideways/pan-sideways-0002.mp4"]
    assert len(names) == len(set(names)) == 3 * len(MOTIONS) and {name.split("/")[1] for name in names} == set(MOTIONS)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(files)
    for path in files:
        with av.open(str(path)) as container:
            picture, track = container.streams.video[0], container.streams.audio[0]
            assert picture.codec_context.name == "h264" and picture.average_rate == 25
            assert (track.codec_context.name, track.rate, track.layout.name) == ("aac", SOUND_RATE_HZ, "mono")
        frames, sound = decode(path)
        assert frames.shape == (30, 64, 64, 3)
        assert 1.2 * SOUND_RATE_HZ <= sound.size < 1.2 * SOUND_RATE_HZ + 2 * 1024
        assert sound.std() > 0.03 and frames.std() > 10


def test_a_file_depends_on_its_seed_split_and_number_only(tmp_path: Path) -> None:
    first = write_world(tmp_path / "a", clips_per_motion={"train": 2, "test": 1}, seconds=0.4, size=32, workers=1)
    again = write_world(tmp_path / "b", clips_per_motion={"test": 1, "train": 1}, seconds=0.4, size=32, workers=2)
    other = write_world(tmp_path / "c", clips_per_motion={"train": 1}, seconds=0.4, size=32, seed=1, workers=1)
    contents = {path.relative_to(tmp_path / "a"): path.read_bytes() for path in first}
    assert len(set(contents.values())) == len(first)
    for path in again:
        assert path.read_bytes() == contents[path.relative_to(tmp_path / "b")]
    for path in other:
        assert path.read_bytes() != contents[path.relative_to(tmp_path / "c")]


@pytest.mark.thorough
def test_everything_moves_but_stay(world: list[tuple[str, npt.NDArray[np.uint8], Floats]]) -> None:
    for motion, frames, _ in world:
        # Frames as a tiny view takes them, six a second. Two of them may look alike while a zoom turns round, but not
        # all eight of a view.
        change = np.abs(np.diff(frames[::4].astype(float), axis=0)).mean(axis=(1, 2, 3))
        in_views = np.convolve(change, np.ones(7) / 7, mode="valid")
        if motion == "stay":
            # All but the cuts.
            assert np.median(change) < 0.5
        else:
            assert in_views.min() > 4, motion


def test_every_motion_draws_its_poses_from_one_distribution() -> None:
    # More clips than are worth encoding, and trees, which also see a pose that is spread more widely in one motion.
    motions = [motion for motion in MOTIONS for _ in range(100)]
    clips = [
        draw_frames(motion, thing_of(n), 0.6, 40, np.random.default_rng([3, n])) for n, motion in enumerate(motions)
    ]
    forest = RandomForestClassifier(100, random_state=0)
    assert accuracy([frame_statistics(clip[-1]) for clip in clips], motions, forest) < CHANCE + 0.06


def test_no_single_frame_of_a_file_tells_the_motion(world: list[tuple[str, npt.NDArray[np.uint8], Floats]]) -> None:
    motions = [motion for motion, _, _ in world]
    for moment in (0, 25, 49):
        assert accuracy([frame_statistics(frames[moment]) for _, frames, _ in world], motions) < CHANCE + 0.13


def test_frames_in_sequence_tell_the_motion(world: list[tuple[str, npt.NDArray[np.uint8], Floats]]) -> None:
    motions = [motion for motion, _, _ in world]
    # 1.28 s, the narrow view of the tiny presets, from two places of the clip.
    for start in (0, 18):
        assert accuracy([flow_statistics(frames[start : start + 32]) for _, frames, _ in world], motions) > 0.9


def test_every_motion_is_what_its_name_says(world: list[tuple[str, npt.NDArray[np.uint8], Floats]]) -> None:
    names = ("pan-sideways", "pan-vertical", "zoom", "rotate")
    for motion, frames, _ in world:
        # Flow sideways, flow up and down, divergence and curl, in the order of the names.
        levels = flow_statistics(frames)[:4]
        if motion in names:
            assert names[int(np.argmax(levels))] == motion, levels


def test_every_frame_tells_the_thing_and_the_sound_does_not(
    world: list[tuple[str, npt.NDArray[np.uint8], Floats]],
) -> None:
    things = [thing_of(n) for _ in MOTIONS for n in range(1, CLIPS_PER_MOTION + 1)]
    shapes = [np.concatenate([frame_statistics(frames[moment]) for moment in (0, 24, 49)]) for _, frames, _ in world]
    assert accuracy(shapes, things) > CHANCE + 0.25
    assert accuracy([sound_statistics(sound) for _, _, sound in world], things) < CHANCE + 0.13


def test_the_list_names_motion_and_thing_of_every_clip(tmp_path: Path) -> None:
    files = write_world(tmp_path, clips_per_motion={"train": 7}, seconds=0.2, size=32, workers=1)
    lines = write_list(tmp_path, files).read_text().splitlines()
    assert lines[:2] == ["path,split,label,theme", "train/pan-sideways/pan-sideways-0001.mp4,train,pan-sideways,disc"]
    assert len(lines) == 1 + len(files)
    assert [line.split(",")[3] for line in lines[1:8]] == [*THINGS, THINGS[0]]


def test_shots_are_new_arrangements_of_the_same_thing() -> None:
    frames = draw_frames("stay", "ring", 6.0, 40, np.random.default_rng(0))[..., 0].astype(float)
    cuts = np.flatnonzero(np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2)) > 5)
    assert 3 <= cuts.size <= 7
    # From 0.8 to 1.6 s of 25 frames.
    assert np.diff(cuts).min() >= 20 and np.diff(cuts).max() <= 40


def test_only_shape_tells_things_apart() -> None:
    surfaces = [draw_surface(thing, 112, 56, np.random.default_rng([n, 5])) for n, thing in enumerate(THINGS)]
    for surface in surfaces:
        assert surface.mean() == pytest.approx(127.5, abs=1) and surface.std() == pytest.approx(43.4, abs=1)
    # Things cover one area, on average of the sizes they are drawn in: light and dark ones together.
    covered = [float((np.abs(surface - 127.5) > 30).mean()) for surface in surfaces]
    assert max(covered) - min(covered) < 0.05


def test_pictures_have_no_colour() -> None:
    frames = draw_frames("circle", "star", 0.4, 32, np.random.default_rng(0))
    assert (frames == frames[..., :1]).all()


def test_the_sound_tells_the_motion(world: list[tuple[str, npt.NDArray[np.uint8], Floats]]) -> None:
    assert accuracy([sound_statistics(sound) for _, _, sound in world], [motion for motion, _, _ in world]) > 0.95


@pytest.mark.parametrize("motion", MOTIONS)
def test_speed_and_direction_differ_from_clip_to_clip(motion: str) -> None:
    clips = [draw_frames(motion, "ring", 0.2, 32, np.random.default_rng(seed)) for seed in range(4)]
    assert len({clip.tobytes() for clip in clips}) == 4
    sounds = [draw_sound(motion, 0.5, np.random.default_rng(seed)) for seed in range(4)]
    assert len({round(float(sound.std()), 4) for sound in sounds}) == 4
    assert all(np.abs(sound).max() <= 1 and sound.shape == (12_000,) for sound in sounds)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clips_per_motion": {"train": 0}}, "at least 1 clip"),
        ({"clips_per_motion": {}}, "at least 1 clip"),
        ({"size": 8}, "size=8; expected at least 16"),
        ({"seed": -1}, "seed=-1; expected at least 0"),
        ({"workers": 0}, "workers=0; expected at least 1"),
        ({"seconds": float("nan")}, "seconds=nan"),
    ],
)
def test_a_wrong_number_is_one_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    settings: dict[str, object] = {"clips_per_motion": {"train": 1}, **change}
    with pytest.raises(UserError, match=message):
        write_world(tmp_path / "w", **settings)  # type: ignore[arg-type]
    assert not (tmp_path / "w").exists()


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = "import sys; from brave_tf.demo.world import write_world;"
    script += " write_world(sys.argv[1], clips_per_motion={'train': 200}, seconds=1.0, size=32, workers=2)"
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            while not any(tmp_path.rglob("*.mp4")):
                time.sleep(0.05)
            process.kill()
            # Ends only when every process that holds the pipe has ended.
            process.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_progress_counts_up_and_reports_a_folder_that_is_a_file(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    settings = {"clips_per_motion": {"train": 1}, "seconds": 0.2, "size": 32, "workers": 1}
    write_world(tmp_path, progress=lambda done, total: calls.append((done, total)), **settings)  # type: ignore[arg-type]
    assert calls == [(done, 6) for done in range(1, 7)]
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="expected a writable folder"):
        write_world(tmp_path / "file", **settings)  # type: ignore[arg-type]
