"""`broad.audio.offset=independent`: starts of its own, anywhere, looping, decided by the seed."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AudioViewConfig, AugmentConfig, BroadConfig, Config, VideoViewConfig
from brave_tf.data import sampling
from brave_tf.data.placement import place_views
from brave_tf.data.spectrogram import log_mel
from brave_tf.data.views import training_views
from tests.data.dmvr_files import pictures

FRAMES, RATE = 50, 16_000
SAMPLES = 2 * RATE
EXAMPLES = 60
NARROW = VideoViewConfig(frames=8, step=2, size=16, augment=AugmentConfig())


def config(offset):
    return Config("test", BroadConfig(audio=AudioViewConfig(0.8, RATE, offset=offset)), NARROW)


def place(offset, seed, example):
    record = {"frames": tf.fill([FRAMES], b""), "audio": tf.zeros([SAMPLES])}
    placed = place_views(record, sampling.example_seed(seed, tf.constant(example, tf.int64)), config(offset))
    return int(placed.narrow.frames[0]), placed.sound["audio"].numpy()


@pytest.fixture(scope="module")
def independent():
    return [place("independent", 7, example) for example in range(EXAMPLES)]


def test_starts_lie_anywhere_and_follow_nothing_of_the_narrow_view(independent):
    narrow = np.array([start for start, _ in independent])
    starts = np.array([numbers[0] for _, numbers in independent])
    assert len(set(starts)) > 0.9 * EXAMPLES
    assert starts.min() < 0.1 * SAMPLES and starts.max() > 0.9 * SAMPLES
    assert np.abs(np.corrcoef(narrow, starts)[0, 1]) < 0.4
    # Of clips with the same narrow start, which is all that "aligned" looks at, the sounds start in different places.
    groups = [set(starts[narrow == start]) for start in set(narrow)]
    assert max(len(group) for group in groups) > 1
    assert sum(len(group) for group in groups) > 0.9 * EXAMPLES


def test_a_view_that_runs_past_the_end_loops(independent):
    view = config("independent").broad.audio
    looping = 0
    for _, numbers in independent:
        np.testing.assert_array_equal(numbers, (numbers[0] + np.arange(view.samples)) % SAMPLES)
        looping += numbers[-1] < numbers[0]
    assert 0 < looping < EXAMPLES


def test_the_seed_decides(independent):
    for example in (0, 5, 9):
        np.testing.assert_array_equal(place("independent", 7, example)[1], independent[example][1])
    others = [place("independent", 8, example)[1][0] for example in range(10)]
    assert sum(other == numbers[0] for other, (_, numbers) in zip(others, independent[:10], strict=True)) <= 1


def test_it_differs_from_aligned_only_in_the_sound(independent):
    aligned = [place("aligned", 7, example) for example in range(EXAMPLES)]
    assert [start for start, _ in aligned] == [start for start, _ in independent]
    same = sum(first[1][0] == second[1][0] for first, second in zip(aligned, independent, strict=True))
    assert same < 0.1 * EXAMPLES


def test_training_hears_the_samples_that_were_drawn():
    sound = np.random.default_rng(0).normal(size=SAMPLES).astype(np.float32) * np.linspace(0.01, 1, SAMPLES)
    record = {
        "frames": tf.constant(pictures(FRAMES, size=(16, 16))),
        "audio": tf.constant(sound, tf.float32),
        "flow": tf.zeros([0], tf.string),
        "flow_step": tf.constant(1, tf.int64),
    }
    seed = sampling.example_seed(7, tf.constant(3, tf.int64))
    heard = {}
    for offset in ("independent", "aligned"):
        numbers = place(offset, 7, 3)[1]
        heard[offset] = training_views(record, seed, config(offset))["broad"]["audio"].numpy()
        expected = log_mel(tf.constant(sound[numbers], tf.float32), config(offset).broad.audio)
        np.testing.assert_allclose(heard[offset], expected, atol=1e-5)
    assert np.abs(heard["independent"] - heard["aligned"]).max() > 0.1
