"""A run directory is read whatever state the run is in, and refused in one line if it is none."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from brave_tf import presets
from brave_tf.config.values import to_dict
from brave_tf.errors import UserError
from brave_tf.runs.record import number, read_run

LINE = '{"step": 50, "loss": 2.5}\n'
DIAGNOSIS = {"step": 60, "reason": "collapse", "message": "m", "metrics": {"loss": 9.0}}


def make_run(path: Path, metrics: str | None = LINE, **files: Any) -> Path:
    record = {"config": to_dict(presets.get("tiny-va")), "data": ["abc"]}
    for name, content in {"config": record, **files}.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (path / f"{name}.json").write_text(text, encoding="utf-8")
    if metrics is not None:
        (path / "metrics.jsonl").write_text(metrics, encoding="utf-8")
    return path


def test_a_run_that_goes_on(tmp_path):
    record = read_run(make_run(tmp_path, LINE + '{"step": 100, "loss": 2.0, "new": [1]}\n{"step": 150, "lo'))
    os.utime(tmp_path / "metrics.jsonl", (0, 86_400))
    logged_at = read_run(tmp_path).logged_at
    assert logged_at is not None and logged_at.isoformat() == "1970-01-02T00:00:00+00:00"
    assert (record.name, record.steps, record.step) == ("tiny-va", presets.get("tiny-va").steps, 100)
    assert record.state == "unfinished" and record.damaged_lines == 0 and record.data == ["abc"]
    assert record.series("loss") == ([50, 100], [2.5, 2.0]) and record.series("new") == ([], [])
    assert record.latest("loss") == 2.0 and record.latest("new") is None
    assert record.setting("monitor.collapse_spread") == 0.5
    assert record.setting("monitor.absent") is None and record.setting("name.absent") is None


def test_a_last_line_without_its_end_is_read(tmp_path):
    assert read_run(make_run(tmp_path, LINE + '{"step": 100, "loss": 2.0}')).step == 100


def test_values_that_are_no_numbers_are_absent_and_nan_is_a_value(tmp_path):
    values = ["null", "true", '"1"', "[]", "NaN", "-Infinity", "1", "1" + "0" * 400]
    lines = [f'{{"step": {step}, "loss": {value}}}\n' for step, value in enumerate(values)]
    steps, found = read_run(make_run(tmp_path, "".join(lines))).series("loss")
    assert steps == [4, 5, 6, 7]
    assert math.isnan(found[0]) and found[1:] == [-math.inf, 1.0, math.inf]
    assert number(-(10**400)) == -math.inf


@pytest.mark.parametrize(
    "bad", ["{", "[1]", '{"loss": 1}', '{"step": "1"}', '{"step": true}', '{"step": -1}', "\udcff"]
)
def test_damaged_lines_are_counted(tmp_path, bad):
    make_run(tmp_path)
    text = LINE + bad + "\n\n" + LINE.replace("50", "100")
    (tmp_path / "metrics.jsonl").write_bytes(text.encode(errors="surrogateescape"))
    record = read_run(tmp_path)
    assert record.damaged_lines == 1 and record.series("loss")[0] == [50, 100]


def test_states(tmp_path):
    assert read_run(make_run(tmp_path, diagnosis=DIAGNOSIS)).state == "stopped"
    record = read_run(tmp_path)
    assert record.series("loss") == ([50, 60], [2.5, 9.0])  # of the stop, too
    assert record.diagnosis is not None and record.diagnosis["clip_ids"] == []
    went_on = read_run(make_run(tmp_path, LINE + LINE.replace("50", "100"), diagnosis=DIAGNOSIS))
    assert went_on.state == "unfinished" and went_on.series("loss")[0] == [50, 100]
    assert read_run(make_run(tmp_path, diagnosis=DIAGNOSIS, summary={})).state == "finished"


def test_a_run_that_stopped_before_its_first_line(tmp_path):
    record = read_run(make_run(tmp_path, None, diagnosis=DIAGNOSIS))
    assert record.state == "stopped" and record.step == 60 and record.logged_at is None


@pytest.mark.parametrize("metrics", [None, "", "\n", '{"step": 50, "lo'])
def test_a_run_that_has_not_logged(tmp_path, metrics):
    every = presets.get("tiny-va").log_every
    with pytest.raises(UserError, match=f"holds no line yet; .* as one is written every {every} steps; try again"):
        read_run(make_run(tmp_path, metrics))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config", "{", "Expecting property name"),
        ("config", "[]", "received list"),
        ("config", "{}", "it has no config"),
        ("config", {"config": {"name": "a"}}, "received name 'a' and steps None"),
        ("config", {"config": {"name": "a", "steps": 0}}, "received name 'a' and steps 0"),
        ("config", {"config": {"name": 1, "steps": 5}}, "received name 1 and steps 5"),
        ("summary", "{", "Expecting property name"),
        ("diagnosis", "{}", "received step None"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, words):
    make_run(tmp_path, **{name: content})
    with pytest.raises(UserError) as error:
        read_run(tmp_path)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / name}.json is damaged ({words}") and "\n" not in message
    assert "expected" in message


def test_what_is_no_run_directory(tmp_path):
    for path, why in [
        (tmp_path, "holds no config.json"),
        (tmp_path / "absent", "does not exist"),
        (tmp_path / "file", "is a file"),
    ]:
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match=f"^{path} {why}; expected a run directory"):
            read_run(path)
