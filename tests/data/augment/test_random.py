"""Random numbers from seeds."""

import zlib

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data.augment.random import (
    derive_seed,
    derive_seeds,
    random_bits,
    truncated_normal,
    uniform,
    uniforms,
)
from tests.data.augment.drawing import seed_of


def test_uniform_fills_its_range():
    values = uniform(seed_of(0), -1.0, 3.0, shape=(20_000,)).numpy()
    assert values.min() == pytest.approx(-1, abs=0.01) and values.max() == pytest.approx(3, abs=0.01)
    assert values.mean() == pytest.approx(1.0, abs=0.05)


def test_truncated_normal_has_variance_one():
    values = truncated_normal(seed_of(0), (50_000,)).numpy()
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.abs(values).max() <= 2 / 0.8796 + 1e-3


def test_seeds_and_draws_are_those_of_tensorflow():
    for seed in np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (20, 2)):
        folded = derive_seed(tf.constant(seed), "blur", 3)
        expected = tf.constant(seed)
        for number in (zlib.crc32(b"blur"), 3):
            expected = tf.random.experimental.stateless_fold_in(expected, tf.constant(number, tf.int64), alg="philox")
        np.testing.assert_array_equal(folded, expected)
        bits = tf.random.stateless_uniform([5], seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
        np.testing.assert_array_equal(random_bits(tf.constant(seed), [5]), bits)
        one, other = derive_seeds(tf.constant(seed), ["blur", 4])
        np.testing.assert_array_equal(one, derive_seed(tf.constant(seed), "blur"))
        ranges = [(0.0, 1.0), (-0.3, 0.7)]
        apart = [uniform(each, *limits) for each, limits in zip((one, other), ranges, strict=True)]
        np.testing.assert_array_equal(uniforms([one, other], ranges), apart)
