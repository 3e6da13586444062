"""RankMe against what its formula says, written out."""

import math

import numpy as np
import pytest

from brave_tf.evaluation.feature_rank import rank_me

RNG = np.random.default_rng(0)


def transcribed(features):
    """The published formula, term by term, from eigenvalues instead of singular values."""
    eigenvalues = np.linalg.eigvalsh(features @ features.T)
    sigma = [math.sqrt(max(value, 0.0)) for value in eigenvalues]
    entropy = 0.0
    for value in sigma:
        p = value / sum(sigma) + 1e-7
        entropy -= p * math.log(p)
    return math.exp(entropy)


def test_it_is_the_published_formula():
    features = RNG.normal(size=(12, 30)) * np.linspace(0.1, 3, 30) + 1.0
    assert rank_me(features) == pytest.approx(transcribed(features), rel=1e-5)


@pytest.mark.parametrize("rank", [1, 3, 7])
def test_equally_strong_directions_are_counted(rank):
    features = np.linalg.qr(RNG.normal(size=(20, rank)))[0] @ np.linalg.qr(RNG.normal(size=(16, rank)))[0].T
    assert rank_me(5.0 * features.astype("float32")) == pytest.approx(rank, rel=1e-3)


def test_it_has_bounds_and_does_not_know_the_scale():
    features = RNG.normal(size=(10, 40))
    assert 1.0 < rank_me(features) <= 10.0 + 1e-3
    assert rank_me(1e3 * features) == pytest.approx(rank_me(features))
    assert rank_me(np.zeros((4, 5))) == pytest.approx(1.0, abs=1e-4)
