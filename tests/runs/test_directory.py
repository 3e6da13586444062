"""Whose a run directory is, and what its configuration says when the run goes on."""

import json

import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.runs.directory import claimed
from brave_tf.runs.record import read_run

CONFIG = override(presets.get("tiny-va"), ["steps=100"])


def claim(run, *changes, data=("abc",)):
    with claimed(run, override(CONFIG, changes), data):
        pass


def test_the_settings_that_a_run_goes_on_with_are_written_down(tmp_path):
    claim(tmp_path)
    (tmp_path / "metrics.jsonl").write_text('{"step": 50, "loss": 2.5}\n')
    claim(tmp_path, "monitor.collapse_spread=0.3", "log_every=7")
    record = read_run(tmp_path)
    assert record.setting("monitor.collapse_spread") == 0.3 and record.setting("log_every") == 7


def test_a_finished_run_keeps_the_settings_that_it_was_made_with(tmp_path):
    claim(tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({"steps": 100}))
    (tmp_path / "encoder.keras").touch()
    before = (tmp_path / "config.json").read_bytes()
    claim(tmp_path, "monitor.collapse_spread=0.3")
    assert (tmp_path / "config.json").read_bytes() == before


def test_another_experiment_is_refused_and_changes_nothing(tmp_path):
    claim(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    for changes, data, words in [(["seed=3", "log_every=7"], ["abc"], "seed: 0 -> 3"), ([], ["xyz"], "abc.*xyz")]:
        with pytest.raises(UserError, match=words) as caught:
            claim(tmp_path, *changes, data=data)
        assert "log_every" not in str(caught.value)
    assert (tmp_path / "config.json").read_bytes() == before
