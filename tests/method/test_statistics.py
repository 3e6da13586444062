"""Moments of projections: what spread and effective rank say of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.method.statistics import moments, spread_and_rank


def measure(projections):
    return [float(value) for value in spread_and_rank(*moments(tf.constant(projections, tf.float32)))]


def normal(*shape):
    return keras.random.normal(shape, seed=0).numpy()


def test_spread_is_one_when_even_and_zero_when_collapsed():
    assert measure(normal(4096, 64))[0] == pytest.approx(1.0, abs=0.02)
    assert measure(np.ones([8, 3, 64]))[0] == pytest.approx(0.0, abs=1e-3)


def test_spread_is_the_standard_deviation_of_unit_vectors_times_the_root_of_their_size():
    z = normal(5, 3, 16) + 0.5
    unit = (z / np.linalg.norm(z, axis=-1, keepdims=True)).reshape(15, 16)
    assert measure(z)[0] == pytest.approx(np.mean(unit.std(axis=0)) * 4, rel=1e-5)


@pytest.mark.parametrize("rank", [1, 3, 7])
def test_effective_rank_counts_equally_strong_directions(rank):
    signs = np.concatenate([np.eye(rank), -np.eye(rank)])
    # Unit vectors along `rank` axes and back have a covariance with `rank` equal eigenvalues.
    directions = np.linalg.qr(normal(16, 16))[0][:rank]
    assert measure(signs @ directions)[1] == pytest.approx(rank, rel=1e-4)


def test_effective_rank_follows_from_the_eigenvalues_of_the_covariance():
    z = normal(64, 16) * np.linspace(0.1, 2, 16)
    unit = z / np.linalg.norm(z, axis=-1, keepdims=True)
    eigenvalues = np.linalg.eigvalsh(np.cov(unit.T, bias=True))
    assert measure(z)[1] == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum(), rel=1e-3)


def test_moments_of_halves_average_to_those_of_the_whole():
    z = normal(8, 2, 16).astype("float32")
    halves = [moments(tf.constant(part)) for part in (z[:4], z[4:])]
    for whole, first, second in zip(moments(tf.constant(z)), *halves, strict=True):
        np.testing.assert_allclose(whole, (first + second) / 2, atol=1e-6)
