"""The warning about a low effective rank: once each time, with what to look at, and written down in the run."""

import dataclasses
import json
import math
import types

import pytest

from brave_tf import presets
from brave_tf.config import MonitorConfig
from brave_tf.config.values import override
from brave_tf.runs.metrics import LOW_RANK, low_rank_events
from brave_tf.training.rank_watch import RankWatch, alarming_loss, possible_rank

CONFIG = override(
    presets.get("tiny-va"), ["batch_size=48", "monitor.collapse_patience=3", "monitor.low_rank_share=0.1"]
)
HIGH, LOW = 9.0, 2.0


class Watched:
    """A run whose steps have the ranks that a test says."""

    def __init__(self, config=CONFIG, run=None, step=0):
        self.model = types.SimpleNamespace(counted_steps=step, distribute_strategy=None)
        self.watch = RankWatch(config, run)
        self.watch.set_model(self.model)
        self.watch.on_train_begin()
        self.events = []

    def step(self, *ranks, loss=3.0):
        for rank in ranks:
            self.model.counted_steps += 1
            logs = {"loss": loss, "effective_rank_audio": rank, "effective_rank_narrow_for_audio": HIGH + 1}
            self.watch.on_train_batch_end(0, logs)
            if LOW_RANK in logs:
                self.events.append({"step": self.model.counted_steps, LOW_RANK: logs[LOW_RANK]})
        return self


@pytest.fixture(autouse=True)
def chief(monkeypatch):
    monkeypatch.setattr("brave_tf.training.rank_watch.is_chief", lambda strategy: True)


def test_a_rank_that_stays_low_is_told_once_each_time_that_it_falls(capfd):
    run = Watched().step(*[HIGH] * 5, LOW, LOW, HIGH, *[LOW] * 2)
    assert not capfd.readouterr().err
    run.step(*[LOW] * 40, HIGH, *[LOW] * 9)
    (line,) = capfd.readouterr().err.splitlines()
    assert "warning: the effective rank of the projections (audio) is 2.0 at step 11, below 4.7: 10% of the 47" in line
    for words in ("while the loss stays high", "predictor_multiplier", "peak_learning_rate", "small"):
        assert words in line
    run.step(*[HIGH] * 3)
    assert not capfd.readouterr().err
    run.step(*[LOW] * 3)
    assert "at step 66" in capfd.readouterr().err
    assert [(event["step"], event[LOW_RANK]["is_low"]) for event in run.events] == [(11, True), (63, False), (66, True)]
    assert run.events[0][LOW_RANK] == {"is_low": True, "view": "audio", "rank": LOW, "limit": pytest.approx(4.7)}
    assert len(low_rank_events(run.events)) == 3


def test_a_run_that_goes_on_does_not_warn_again(tmp_path, capfd):
    first = Watched(run=tmp_path).step(*[LOW] * 3)
    lines = [json.dumps(event) for event in first.events]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines))
    capfd.readouterr()
    assert not Watched(run=tmp_path, step=3).step(*[LOW] * 9).events
    assert not capfd.readouterr().err
    # It goes on from before the fall, whose line will be dropped.
    assert Watched(run=tmp_path, step=2).step(*[LOW] * 9).events


def test_what_a_batch_allows_is_the_smaller_of_its_size_and_that_of_the_projections():
    sizes = [(48, 64, 47), (512, 128, 128), (2, 64, 1)]
    for batch, projection, possible in sizes:
        config = override(CONFIG, [f"batch_size={batch}", f"model.projection_size={projection}"])
        assert possible_rank(config) == possible


def test_a_low_rank_at_a_low_loss_is_no_alarm(capfd):
    # Two terms of 2 - 2 cos are 4 where nothing is predicted.
    run = Watched().step(*[LOW] * 9, loss=1.9)
    assert not run.events and not capfd.readouterr().err
    run.step(*[LOW] * 3, loss=2.1).step(*[LOW] * 3, loss=1.9)
    assert [(event["step"], event[LOW_RANK]["is_low"]) for event in run.events] == [(12, True), (15, False)]


@pytest.mark.parametrize(
    ("preset", "settings", "loss"),
    [
        ("tiny-va", [], 2.0),
        ("tiny-fa", [], 4.0),
        ("tiny-va", ["model.loss_scale=released"], 0.5),
        ("tiny-va", ["model.objective=vicreg"], -math.inf),
    ],
)
def test_the_alarming_loss_is_half_of_what_useless_predictions_give(preset, settings, loss):
    assert alarming_loss(override(presets.get(preset), settings)) == loss


def test_without_a_share_nothing_is_low(capfd):
    config = dataclasses.replace(CONFIG, monitor=MonitorConfig(low_rank_share=0.0))
    assert not Watched(config).step(*[0.5] * 50).events and not capfd.readouterr().err
