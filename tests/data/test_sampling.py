"""Which frames and samples a view takes."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from brave_tf.data import sampling
from tests import golden_files

COMMON = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**31 - 1)


def seed_of(number):
    return sampling.example_seed(number, tf.constant(5, tf.int64))


@COMMON
@given(frames=st.integers(1, 600), span=st.integers(1, 300), seed=SEEDS)
def test_narrow_view_lies_inside_the_clip(frames, span, seed):
    start = int(sampling.narrow_start(tf.constant(frames), span, seed_of(seed)))
    assert 0 <= start <= max(frames - span, 0)


@COMMON
@given(frames=st.integers(1, 600), seed=SEEDS)
def test_broad_view_starts_anywhere(frames, seed):
    assert 0 <= int(sampling.broad_start(tf.constant(frames), seed_of(seed))) < frames


def test_both_ends_of_the_clip_are_reached():
    starts = {int(sampling.narrow_start(tf.constant(10), 7, seed_of(seed))) for seed in range(60)}
    assert starts == {0, 1, 2, 3}
    starts = {int(sampling.broad_start(tf.constant(4), seed_of(seed))) for seed in range(60)}
    assert starts == {0, 1, 2, 3}


@COMMON
@given(start=st.integers(0, 599), count=st.integers(1, 64), step=st.integers(1, 8), frames=st.integers(1, 600))
def test_views_loop_to_the_start(start, count, step, frames):
    indices = sampling.frame_indices(tf.constant(start, tf.int64), count, step, tf.constant(frames)).numpy()
    np.testing.assert_array_equal(indices, [(start + step * i) % frames for i in range(count)])


@pytest.mark.parametrize(("frames", "start"), [(250, 37), (250, 219), (20, 0), (300, 0)])
def test_frames_and_samples_of_aligned_views_equal_the_released_ones(frames, start):
    golden = {
        name.rpartition("/")[2]: value
        for name, value in golden_files.load("views").items()
        if name.startswith(f"time/views_T{frames}_start{start}/")
    }
    total, first = tf.constant(frames), tf.constant(start, tf.int64)
    np.testing.assert_array_equal(sampling.frame_indices(first, 16, 2, total), golden["narrow_frames"])
    np.testing.assert_array_equal(sampling.frame_indices(first, 64, 4, total), golden["broad_frames"])
    draw = tf.function(lambda number: sampling.narrow_start(total, 31, sampling.example_seed(3, number)))
    starts = tf.function(lambda: tf.map_fn(draw, tf.range(3000, dtype=tf.int64)))().numpy()
    assert set(starts) == set(range(golden["max_start_inclusive"] + 1))
    samples = tf.constant(frames * 1920)
    first_sample, last_sample, count = golden["audio_first_last_len"]
    looped = sampling.sample_indices(sampling.sample_at_frame(first, total, samples), int(count), samples).numpy()
    released = sampling.released_sample_indices(first, total, samples, 256, int(count)).numpy()
    for indices in (looped, released):
        assert (indices[0], indices[-1]) == (first_sample, last_sample)
        np.testing.assert_array_equal(np.flatnonzero(np.diff(indices) < 0), golden["audio_wrap_positions"])


@pytest.mark.parametrize(("height", "width"), [(256, 340), (256, 256), (340, 256)])
def test_crop_corners_equal_the_released_ones(height, width):
    golden = golden_files.load("views")
    corners = sampling.crop_corners(tf.constant(height), tf.constant(width), 224, 3).numpy()
    for axis, size in enumerate((height, width)):
        np.testing.assert_array_equal(corners[:, axis], golden[f"time/spatial_{size}_3_224"][:, 0])


@pytest.mark.parametrize("frames", [250, 75, 63])
def test_windows_equal_the_released_ones(frames):
    rows = golden_files.load("views")[f"time/temporal_{frames}_10_32_step2"]
    starts = sampling.window_starts(tf.constant(frames), 63, 10).numpy()
    np.testing.assert_array_equal(starts, rows[:, 0])


def test_sound_starts_with_its_frame_and_loops():
    start = sampling.sample_at_frame(tf.constant(30), tf.constant(75), tf.constant(48_000))
    assert int(start) == 30 * 640
    indices = sampling.sample_indices(start, 48_000, tf.constant(48_000)).numpy()
    assert indices[0] == 19_200 and indices[28_799] == 47_999 and indices[28_800] == 0


@pytest.mark.parametrize(
    ("frames", "count", "views_frames", "step", "starts"),
    [
        (10, 2, 1, 1, [0, 9]),
        (5, 5, 3, 1, [0, 0, 1, 1, 2]),
        (12, 3, 3, 2, [0, 3, 7]),
        (12, 3, 12, 1, [0, 0, 0]),
        (4, 3, 2, 3, [0, 0, 0]),
        (250, 10, 32, 2, [0, 20, 41, 62, 83, 103, 124, 145, 166, 187]),
        (75, 10, 32, 2, [0, 1, 2, 4, 5, 6, 8, 9, 10, 12]),
        (63, 10, 32, 2, [0] * 10),
        (40, 10, 32, 2, [0] * 10),
    ],
)
def test_evaluation_windows_equal_the_released_ones(frames, count, views_frames, step, starts):
    span = (views_frames - 1) * step + 1
    assert sampling.window_starts(tf.constant(frames), span, count).numpy().tolist() == starts


def test_crops_lie_on_the_diagonal():
    corners = sampling.crop_corners(tf.constant(256), tf.constant(340), 224, 3)
    assert corners.numpy().tolist() == [[0, 0], [16, 58], [32, 116]]
    assert sampling.crop_corners(tf.constant(256), tf.constant(340), 224, 1).numpy().tolist() == [[16, 58]]


@pytest.mark.parametrize("clips", [1, 2, 3, 7, 48])
def test_every_epoch_shows_every_clip_once_in_another_order(clips):
    epochs = [sampling.permutation(clips, run_seed=3, epoch=epoch).tolist() for epoch in range(6)]
    assert all(sorted(epoch) == list(range(clips)) for epoch in epochs)
    if clips >= 7:
        assert len({tuple(epoch) for epoch in epochs}) == 6
        assert sampling.permutation(clips, run_seed=4, epoch=0).tolist() != epochs[0]


def test_order_is_mixed():
    orders = np.stack([sampling.permutation(5, run_seed=seed, epoch=0) for seed in range(150)])
    counts = np.stack([np.bincount(orders[:, place], minlength=5) for place in range(5)])
    assert counts.min() >= 12 and counts.max() <= 52


def test_all_orders_of_a_few_clips_are_equally_likely():
    draw = tf.function(lambda example: sampling.shuffled_row(example, 4, 1))
    orders = tf.function(lambda: tf.map_fn(draw, tf.range(4 * 2400, dtype=tf.int64)))().numpy().reshape(2400, 4)
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24
    chi_squared = np.sum((counts - 100) ** 2 / 100)
    assert chi_squared < 50  # 23 degrees of freedom; exceeded once in a thousand times


@pytest.mark.parametrize("shares", [1, 2, 4])
def test_shares_of_a_batch_are_disjoint_and_in_order(shares):
    batch, steps = 8, 3
    size = batch // shares
    positions = np.arange(steps * size)
    found = [sampling.example_of_share(positions, batch, size, number).reshape(steps, size) for number in range(shares)]
    # Side by side the shares of a step are its examples, first to last.
    np.testing.assert_array_equal(np.concatenate(found, axis=1), np.arange(steps * batch).reshape(steps, batch))
