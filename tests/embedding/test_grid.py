"""Where windows lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brave_tf.config import AudioViewConfig, EvaluationConfig, EvaluationInput
from brave_tf.embedding.grid import Grid
from brave_tf.errors import UsageError

VIDEO = EvaluationInput(view=EvaluationConfig(frames=32, step=2))
SOUND = EvaluationInput("audio", view=EvaluationConfig(audio_seconds=2.0), audio=AudioViewConfig())


def test_by_default_a_window_is_what_the_encoder_is_evaluated_with_and_half_of_it_a_stride():
    assert Grid.of(VIDEO) == Grid(0.08, 32, 16)
    assert Grid.of(VIDEO).window_seconds == 2.56
    assert Grid.of(SOUND) == Grid(1 / 16_000, 32_000, 16_000)


def test_a_longer_window_has_more_frames_at_the_same_distance():
    grid = Grid.of(VIDEO, window=10.0, stride=1.0)
    assert grid == Grid(0.08, 125, 12)  # 0.96 s: whole distances of frames
    assert grid.input_view(VIDEO).view == EvaluationConfig(frames=125, step=2)
    assert Grid.of(SOUND, window=0.5).input_view(SOUND).sound.samples == 8000


@pytest.mark.parametrize(("window", "stride"), [(0.0, None), (-1.0, 1.0), (None, float("nan")), (float("inf"), None)])
def test_seconds_that_are_none(window, stride):
    with pytest.raises(UsageError, match="expected seconds above 0"):
        Grid.of(VIDEO, window, stride)


def test_the_last_window_ends_with_the_medium():
    grid = Grid(1.0, 4, 2)
    assert grid.starts(3) == [0]
    assert grid.starts(4) == [0]
    assert grid.starts(5) == [0, 1]
    assert grid.starts(8) == [0, 2, 4]
    assert grid.starts(9) == [0, 2, 4, 5]


def test_what_lies_between_windows_stays_out():
    grid = Grid(1.0, 2, 5)
    assert [grid.starts(units) for units in (2, 5, 6, 7)] == [[0], [0], [0, 4], [0, 5]]


@given(st.integers(1, 9), st.integers(1, 12), st.integers(1, 80))
def test_every_unit_is_in_a_window_where_windows_touch(length, stride, units):
    starts = Grid(1.0, length, stride).starts(units)
    assert starts == sorted(set(starts)) and starts[0] == 0
    seen = {start + each for start in starts for each in range(min(length, units))}
    assert max(seen) <= units - 1
    if stride <= length:
        assert seen == set(range(units))


@pytest.mark.parametrize("view", [VIDEO, SOUND])
@pytest.mark.parametrize("given", [{"window": 1e9}, {"window": 1e308}, {"stride": 1e9}, {"stride": 1e308}])
def test_more_than_a_machine_can_hold_is_refused(view, given):
    (option,) = given
    with pytest.raises(UsageError, match=rf"received --{option} 1e\+\d+; expected seconds above 0 and up to \d+, such"):
        Grid.of(view, **given)
