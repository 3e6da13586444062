"""Scale jitter: where the window goes, and that none is drawn by default."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.zoom import zoom, zoom_factor
from tests.data.augment.drawing import seed_of


def zoomed(window, factor, height=100, width=200):
    return zoom(tf.constant(window), tf.constant(factor), tf.constant(height), tf.constant(width)).numpy().tolist()


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (1.0, [10, 20, 60, 80]),
        (2.0, [25, 40, 30, 40]),
        (0.8, [2, 10, 75, 100]),
        (0.1, [0, 0, 100, 200]),
    ],
)
def test_windows_shrink_and_grow_around_their_middle(factor, expected):
    assert zoomed([10, 20, 60, 80], factor) == expected


def test_windows_at_the_border_stay_inside():
    assert zoomed([0, 0, 50, 50], 0.8) == [0, 0, 62, 62]
    assert zoomed([50, 150, 50, 50], 0.8) == [38, 138, 62, 62]


@given(
    top=st.integers(0, 99),
    left=st.integers(0, 199),
    rows=st.integers(1, 100),
    columns=st.integers(1, 200),
    factor=st.floats(0.0625, 20),
)
def test_windows_are_always_in_the_image(top, left, rows, columns, factor):
    window = [min(top, 100 - rows), min(left, 200 - columns), rows, columns]
    new_top, new_left, new_rows, new_columns = zoomed(window, factor)
    assert new_top >= 0 and new_left >= 0 and new_rows >= 1 and new_columns >= 1
    assert new_top + new_rows <= 100 and new_left + new_columns <= 200


def test_factors_fill_their_range_and_are_the_same_in_a_graph():
    config = AugmentConfig(scale_jitter=(0.8, 1.25))
    factors = [float(zoom_factor(seed_of(number), config)) for number in range(300)]
    assert 0.8 <= min(factors) < 0.81 and 1.24 < max(factors) <= 1.25
    assert np.mean(factors) == pytest.approx(1.025, abs=0.02)
    for compile_it in (False, True):
        draw = tf.function(lambda seed: zoom_factor(seed, config), jit_compile=compile_it)
        assert [float(draw(seed_of(number))) for number in range(300)] == factors
