"""Windows of media, cut while they are decoded."""

import functools
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AudioViewConfig, EvaluationConfig, EvaluationInput
from brave_tf.data.evaluation_views import evaluation_windows
from brave_tf.data.records import empty
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.windows import media_windows
from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media import Course, MediaSettings, read_clips
from brave_tf.preparation.pixels import read_frames
from tests.preparation.media_files import with_other_sound, with_other_times, write_media, write_wav

VIEW = EvaluationConfig(frames=4, step=2, size=16, shorter_side=18, audio_seconds=0.5, windows=1, crops=1)
VIDEO = EvaluationInput(view=VIEW)
SOUND = EvaluationInput("audio", view=VIEW, audio=AudioViewConfig())


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")

    @functools.cache
    def make(name, **options):
        return write_media(folder / name, **options)

    return make


def spans(windows):
    return [(round(each.start, 3), round(each.end, 3)) for each in windows]


def test_windows_of_frames(media):
    path = media("a.mp4", seconds=1.0, noise_seed=0)
    windows = list(media_windows(path, VIDEO))
    # 25 frames are 13 that the encoder sees; the last window ends with the file.
    assert spans(windows) == [(0.0, 0.32), (0.16, 0.48), (0.32, 0.64), (0.48, 0.8), (0.64, 0.96), (0.72, 1.0)]
    assert {(each.file, each.clip.shape, each.clip.dtype.name) for each in windows} == {
        (str(path), (4, 16, 16, 3), "uint8")
    }
    # Where windows overlap they hold the same frames.
    assert np.array_equal(windows[0].clip[2:], windows[1].clip[:2])
    assert np.array_equal(windows[-1].clip[:3], windows[-2].clip[1:])
    assert not np.array_equal(windows[0].clip[0], windows[0].clip[1])


@pytest.mark.parametrize("seconds", [0.16, 0.2, 0.24, 0.28, 1.0])
def test_a_window_is_what_evaluation_shows_of_the_prepared_file(media, seconds):
    path = media(f"{seconds}.mp4", seconds=seconds, size=(40, 60), noise_seed=1)
    (clip,) = read_clips(path, MediaSettings())
    expected, _ = evaluation_windows({**empty(), "frames": tf.constant(clip.frames)}, VIDEO)
    window = next(media_windows(path, VIDEO))
    assert window.end == pytest.approx(min(seconds, 0.32))
    # The prepared frames went through JPEG, which noise does not like; another frame would differ by 60 and more.
    assert np.abs(window.clip.astype(int) - expected[0].numpy()).mean() < 8


def test_any_step_gives_the_frames_that_it_counts(media):
    path = media("steps.mp4", seconds=1.0, size=(18, 18), noise_seed=2)
    (frames,) = [[frame() for frame in frames] for _, frames in read_frames(path, 256)]
    for step in (1, 2, 3):
        view = EvaluationConfig(frames=4, step=step, size=18, shorter_side=18)
        grid = Grid.of(EvaluationInput(view=view))
        windows = list(media_windows(path, EvaluationInput(view=view)))
        starts = grid.starts(-(-25 // step))
        assert [round(each.start * 25 / step) for each in windows] == starts
        for start, window in zip(starts, windows, strict=True):
            assert np.array_equal(window.clip, np.stack([frames[(start + each) * step] for each in range(4)]))


def test_windows_of_sound(media, tmp_path):
    ramp = (np.arange(20_000, dtype=np.int16)[:, None] % 16_000) + 1
    path = write_wav(tmp_path / "a.wav", ramp)
    windows = list(media_windows(path, SOUND))
    assert spans(windows) == [(0.0, 0.5), (0.25, 0.75), (0.5, 1.0), (0.75, 1.25)]
    for window in windows:
        first = round(window.start * 16_000)
        assert np.array_equal(np.round(window.clip * 32768), ramp[first : first + 8000, 0])


def test_sound_that_is_shorter_than_a_window_is_repeated(tmp_path):
    ramp = np.arange(1, 3001, dtype=np.int16)[:, None]
    (window,) = media_windows(write_wav(tmp_path / "a.wav", ramp), SOUND)
    assert (window.start, window.end) == (0.0, 3000 / 16_000)
    assert np.array_equal(np.round(window.clip * 32768), np.resize(ramp[:, 0], 8000))


def test_picture_and_sound_of_a_file_have_one_clock(media, tmp_path):
    late = with_other_times(media("av.mp4", seconds=1.0), tmp_path / "late.mkv", sound=lambda seconds: seconds + 0.5)
    starts = [next(media_windows(late, view)).start for view in (VIDEO, SOUND)]
    assert starts[1] - starts[0] == pytest.approx(0.5, abs=0.1)


def test_a_piece_of_a_file_has_the_times_of_the_file(media):
    path = media("long.mp4", seconds=4.0, noise_seed=3)
    piece = Source(path, "the piece", start_seconds=2.0, end_seconds=2.6)
    windows = list(media_windows(piece, VIDEO))
    assert spans(windows) == [(2.0, 2.32), (2.16, 2.48), (2.32, 2.6)] and windows[0].file == "the piece"
    whole = {round(each.start, 3): each.clip for each in media_windows(path, VIDEO, stride=0.08)}
    assert np.array_equal(windows[0].clip, whole[2.0]) and not np.array_equal(windows[0].clip, whole[2.08])


def test_windows_do_not_reach_over_a_gap(media, tmp_path):
    path = media("gap.mp4", seconds=4.0, noise_seed=4, in_order=True)
    moved = with_other_times(path, tmp_path / "moved.mkv", picture=lambda seconds: seconds + 60 * (seconds >= 2))
    remarks = []
    windows = list(media_windows(moved, VIDEO, stride=0.32, course=Course(remark=remarks.append)))
    assert all(each.end <= 2.1 or each.start >= 61.95 for each in windows)
    assert windows[-1].end == pytest.approx(64.0, abs=0.1)
    assert [each for each in remarks if each.startswith("has no picture for 60")]


def test_the_frames_of_a_long_file_are_never_together_in_memory(media, monkeypatch):
    path = media("longer.mp4", seconds=4.0, noise_seed=5)
    windows = media_windows(path, VIDEO)
    next(windows)
    shares = []
    for _ in media_windows(path, VIDEO, course=Course(report=shares.append)):
        pass
    # The first window is there when a fraction of the file is read.
    assert shares[0] < 0.2 and shares[-1] > 0.7


@pytest.mark.thorough
def test_what_a_long_film_takes_in_memory_does_not_grow_with_it(tmp_path):
    peaks = []
    for seconds in (20.0, 200.0):
        path = write_media(tmp_path / f"{seconds:g}.mp4", seconds=seconds, size=(48, 64), noise_seed=7)
        for view in (VIDEO, SOUND):
            tracemalloc.start()
            count = sum(1 for _ in media_windows(path, view))
            peaks.append((tracemalloc.get_traced_memory()[1], count))
            tracemalloc.stop()
    for (short, few), (long, many) in zip(peaks[:2], peaks[2:], strict=True):
        assert many > 9 * few and long < short + 2**20


@pytest.mark.parametrize(
    ("name", "view", "reason"),
    [("silent.mp4", SOUND, "has no sound"), ("a.wav", VIDEO, "has no picture")],
)
def test_a_file_without_what_the_encoder_embeds(media, name, view, reason):
    path = media(name, seconds=1.0, **({"sound_hz": None} if name == "silent.mp4" else {"size": None}))
    with pytest.raises(MediaError, match=reason):
        list(media_windows(path, view))


def test_a_file_that_is_cut_off_is_told_at_its_end(media, tmp_path):
    data = media("whole.mkv", seconds=4.0, noise_seed=6).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError, match="is cut off"):
        list(media_windows(tmp_path / "cut.mkv", VIDEO))


def test_a_picture_that_ends_before_the_sound_is_not_cut_off(media, tmp_path):
    # Matroska tells one length, that of the longest stream.
    picture = media("short.mp4", seconds=1.0, sound_hz=None)
    sound = media("long.m4a", seconds=4.0, size=None)
    path = with_other_sound(picture, sound, tmp_path / "both.mkv")
    assert list(media_windows(path, VIDEO))[-1].end == pytest.approx(1.0, abs=0.1)


def test_optical_flow_is_not_in_media():
    with pytest.raises(UserError, match=r"optical flow, which media files do not hold; .* --flow, .* --data"):
        next(media_windows("any.mp4", EvaluationInput("flow")))
