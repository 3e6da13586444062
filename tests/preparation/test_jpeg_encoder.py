"""Encoding on several cores, and frames that are repeated: the bytes stay the same."""

import itertools
import types

import numpy as np
import pytest

from brave_tf.demo.world import write_world
from brave_tf.preparation import jpeg_encoder
from brave_tf.preparation.media import Course, MediaSettings, read_clips
from tests.preparation.media_files import write_media


def frames_of(path, course):
    return [jpeg for clip in read_clips(path, MediaSettings(clip_seconds=1.0), course=course) for jpeg in clip.frames]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_media(tmp_path_factory.mktemp("videos") / "a.mp4", seconds=3.0, size=(300, 400))


@pytest.mark.parametrize("threads", [[2], [5], [1, 3], [4, 1, 1, 1]], ids=str)
def test_threads_change_no_byte_and_no_order(video, threads):
    available = itertools.cycle(threads)
    frames = frames_of(video, Course(threads=lambda: next(available)))
    assert frames == frames_of(video, Course()) and len(set(frames)) > 50


def test_a_repeated_frame_is_encoded_once(tmp_path, monkeypatch):
    # 75 frames at 25 fps, made of 30.
    video = write_media(tmp_path / "slow.mp4", seconds=3.0, fps=10)
    calls = []

    class Counting(jpeg_encoder._PictureEncoder):
        def encode(self, frame):
            calls.append(frame)
            return super().encode(frame)

    monkeypatch.setattr(jpeg_encoder, "_PictureEncoder", Counting)
    frames = frames_of(video, Course())
    assert len(frames) == 75 and len(calls) == 30
    calls.clear()

    monkeypatch.setattr(jpeg_encoder, "_batches", lambda frames: ([(frame, 1)] for frame in frames))
    assert frames_of(video, Course()) == frames and len(calls) == 75


@pytest.mark.parametrize(("size", "expected"), [((3840, 2160), [4, 4, 2]), ((7680, 4320), [1] * 10)])
def test_few_large_frames_are_held_at_a_time(size, expected):
    frames = []
    for number in range(10):
        planes = [types.SimpleNamespace(buffer_ptr=number)]
        frames.append(types.SimpleNamespace(width=size[0], height=size[1], planes=planes))
    assert [len(batch) for batch in jpeg_encoder._batches(frames)] == expected


def test_what_a_damaged_video_shows_does_not_change_from_time_to_time(tmp_path):
    (video,) = write_world(tmp_path / "world", clips_per_motion={"train": 1}, seconds=1.0, size=128, workers=1)[:1]
    data = bytearray(video.read_bytes())
    for place in np.random.default_rng(0).integers(len(data) // 8, len(data) * 7 // 8, 20):
        data[place] ^= 16
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    first = frames_of(damaged, Course())
    assert len(first) == 25 and first != frames_of(video, Course())
    assert all(frames_of(damaged, Course(threads=lambda: 3)) == first for _ in range(3))


def test_progress_inside_a_file(video):
    shares = []
    assert len(frames_of(video, Course(report=shares.append))) == 75
    assert shares == sorted(shares) and len(shares) == 3 and shares[0] < 0.6 and shares[-1] > 0.9
