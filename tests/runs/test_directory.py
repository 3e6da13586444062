"""Whose a run directory is, and what its configuration says when the run goes on."""

import json

import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.runs.directory import claimed, finished_summary
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


def test_a_run_that_was_killed_while_it_wrote_its_first_file_goes_on(tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".config.json.partial").write_text("{")
    claim(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "config.json"]


def test_a_run_that_goes_on_as_it_was_begun_says_the_same(tmp_path):
    claim(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    claim(tmp_path)
    assert (tmp_path / "config.json").read_bytes() == before


def test_a_run_of_before_a_setting_existed_goes_on_with_its_default(tmp_path):
    claim(tmp_path)
    path = tmp_path / "config.json"
    record = json.loads(path.read_text())
    del record["config"]["model"]["heads"], record["config"]["monitor"]
    path.write_text(json.dumps(record))
    claim(tmp_path)
    assert json.loads(path.read_text())["config"]["model"]["heads"] == "separate"
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match=r"model\.heads: separate -> shared"):
        claim(tmp_path, "model.heads=shared")


def test_another_experiment_is_refused_and_changes_nothing(tmp_path):
    claim(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    for changes, data, words in [(["seed=3", "log_every=7"], ["abc"], "seed: 0 -> 3"), ([], ["xyz"], "abc.*xyz")]:
        with pytest.raises(UserError, match=words) as caught:
            claim(tmp_path, *changes, data=data)
        assert "log_every" not in str(caught.value)
    assert (tmp_path / "config.json").read_bytes() == before


def finish(run, steps):
    for name in ("encoder.keras", "metrics.jsonl"):
        (run / name).touch()
    (run / "checkpoints" / f"step-{steps:08d}").mkdir(parents=True)
    (run / "metrics.jsonl").write_text("".join(f'{{"step": {step}, "loss": 1.0}}\n' for step in (50, steps)))
    (run / "summary.json").write_text(json.dumps({"steps": steps}))


def test_a_finished_run_may_get_more_steps_and_counts_as_unfinished_then(tmp_path, capsys):
    claim(tmp_path)
    finish(tmp_path, 100)
    claim(tmp_path)
    assert read_run(tmp_path).state == "finished" and not capsys.readouterr().err
    claim(tmp_path, "steps=300")
    assert "goes on to 300 steps instead of 100" in capsys.readouterr().err
    claim(tmp_path, "steps=300")
    assert not capsys.readouterr().err
    record = read_run(tmp_path)
    assert (record.state, record.steps, record.earlier_steps) == ("unfinished", 300, [100])
    assert finished_summary(tmp_path) is None
    claim(tmp_path, "steps=100")
    assert finished_summary(tmp_path) == {"steps": 100}


def test_steps_do_not_shrink_below_what_was_trained(tmp_path):
    claim(tmp_path)
    (tmp_path / "checkpoints" / "step-00000080").mkdir(parents=True)
    (tmp_path / "metrics.jsonl").write_text('{"step": 80, "loss": 2.5}\n{"step": 90, "loss": 2.5}\n')
    with pytest.raises(UserError, match=r"received steps=79 .* has trained 80 steps; expected at least as many"):
        claim(tmp_path, "steps=79")
    assert read_run(tmp_path).steps == 100
    claim(tmp_path, "steps=80")
    assert read_run(tmp_path).steps == read_run(tmp_path).step == 80


def test_a_finished_run_without_checkpoints_does_not_begin_anew(tmp_path):
    claim(tmp_path)
    finish(tmp_path, 100)
    (tmp_path / "checkpoints/step-00000100").rmdir()
    with pytest.raises(UserError, match=r"has finished 100 steps and has no checkpoint of them any more"):
        claim(tmp_path, "steps=300")
    assert read_run(tmp_path).state == "finished"
