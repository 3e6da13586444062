"""Long lines become short ones that hide no extreme."""

import math

import numpy as np
import pytest

from brave_tf.pages.thinning import thin


def test_a_short_line_stays_as_it_is_and_shows_a_gap_for_what_is_not_finite() -> None:
    line = thin("a", [10, 20, 30], [1.0, math.inf, 3.0], most=3)
    assert line.band is None and list(line.x) == [10, 20, 30]
    np.testing.assert_array_equal(line.y, [1.0, math.nan, 3.0])


def test_a_long_line_keeps_means_and_extremes() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=6000)
    y[1234], y[4321] = 80.0, -70.0
    line = thin("a", list(range(0, 300_000, 50)), list(y), most=300)
    least, greatest = line.band or ([], [])
    parts = y.reshape(300, 20)
    np.testing.assert_allclose(line.y, parts.mean(axis=1))
    np.testing.assert_array_equal(least, parts.min(axis=1))
    np.testing.assert_array_equal(greatest, parts.max(axis=1))
    assert line.x[0] == 50 * 19 / 2 and line.x[1] - line.x[0] == 1000


@pytest.mark.parametrize("count", [301, 599, 600, 1000, 6001])
def test_every_point_counts_once(count: int) -> None:
    line = thin("a", list(range(count)), [1.0] * (count - 1) + [5.0], most=300)
    least, greatest = line.band or ([], [])
    assert len(line.x) == len(line.y) == len(least) == len(greatest) == 300
    assert max(greatest) == 5.0 and set(line.y[:-1]) == {1.0}
    assert list(line.x) == sorted(line.x)


def test_what_is_not_finite_hides_nothing_beside_it() -> None:
    line = thin("a", list(range(6)), [1.0, math.nan, -math.inf, math.nan, 4.0, 8.0], most=3)
    least, greatest = line.band or ([], [])
    np.testing.assert_array_equal(line.y, [1.0, math.nan, 6.0])
    np.testing.assert_array_equal(least, [1.0, math.nan, 4.0])
    np.testing.assert_array_equal(greatest, [1.0, math.nan, 8.0])
