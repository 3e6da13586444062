"""The warm-up of short runs, which must leave steps for the decay."""

import pytest

from brave_tf import presets
from brave_tf.config.experiment import warmup_within
from brave_tf.config.values import override
from brave_tf.training.build import make_optimizer


def schedule(name, steps=None):
    config = presets.get(name)
    config = config if steps is None else override(config, [f"steps={steps}"])
    return make_optimizer(config)._learning_rate


@pytest.mark.parametrize("name", presets.names())
def test_no_preset_changes_at_its_own_length(name):
    assert schedule(name).warmup_steps == presets.get(name).optimizer.warmup_steps


def test_a_short_run_of_a_preset_of_the_paper_rises_and_falls():
    short = schedule("v-a-tsm50-audioset", 4000)
    assert (short.warmup_steps, short.total_steps) == (400, 4000)
    peak = presets.get("v-a-tsm50-audioset").optimizer.peak_learning_rate
    assert [float(short(step)) for step in (200, 400, 2200)] == pytest.approx([peak / 2, peak, peak / 2])
    assert float(short(3999)) < 1e-5 * peak


@pytest.mark.parametrize(
    ("steps", "warmup", "taken"),
    [(100, 30, 30), (10_000, 5000, 5000), (9_999, 5000, 999), (30, 30, 3), (2, 1, 1), (1, 1, 1), (5, 0, 0)],
)
def test_a_warmup_that_fits_is_kept_and_another_takes_a_tenth(steps, warmup, taken):
    assert warmup_within(steps, warmup) == taken
