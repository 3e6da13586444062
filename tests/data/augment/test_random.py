"""Random numbers from seeds."""

import numpy as np
import pytest

from brave_tf.data.augment.random import truncated_normal, uniform
from tests.data.augment.drawing import seed_of


def test_uniform_fills_its_range():
    values = uniform(seed_of(0), -1.0, 3.0, shape=(20_000,)).numpy()
    assert values.min() == pytest.approx(-1, abs=0.01) and values.max() == pytest.approx(3, abs=0.01)
    assert values.mean() == pytest.approx(1.0, abs=0.05)


def test_truncated_normal_has_variance_one():
    values = truncated_normal(seed_of(0), (50_000,)).numpy()
    assert values.std() == pytest.approx(1.0, abs=0.01)
    assert np.abs(values).max() <= 2 / 0.8796 + 1e-3
