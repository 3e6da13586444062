"""`brave-tf ablate` as it is typed: killed, gone on with, and its page."""

import json
import os
import time

import pytest

from brave_tf.commands import prepare
from brave_tf.demo.world import write_world
from tests.programs import ONE_UNIT_COMMAND, Program

pytestmark = pytest.mark.thorough

TOY = ["batch_size=6", "model.narrow.width=0.0625", "model.rgb.width=0.0625", "log_every=1", "checkpoint_every=1"]
TOY += ["model.narrow.depth=14", "model.hidden_size=16", "model.projection_size=8", "narrow.size=32"]
TOY += ["evaluation.epochs=1", "evaluation.windows=1", "evaluation.crops=1", "broad.rgb.size=32", "narrow.frames=2"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablate")
    write_world(folder / "media", clips_per_motion={"train": 2, "test": 1}, seconds=3, size=48, workers=1)
    return prepare(folder / "media", folder / "dataset", workers=1).path


def start(words, dataset, out, log, *settings):
    command = [*ONE_UNIT_COMMAND, "ablate", *words, "--data", str(dataset), "--out", str(out), "--set", *TOY, *settings]
    return Program(command, log, {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "COLUMNS": "200"})


def test_an_ablation_that_is_killed_goes_on_and_finished_runs_are_not_run_again(dataset, tmp_path):
    words = ["table3", "--rows", "1-view", "2-views", "--seeds", "1", "--steps", "4"]
    out, log = tmp_path / "out", tmp_path / "log"
    process = start(words, dataset, out, log)
    while not (out / "2-views" / "seed-0" / "run" / "metrics.jsonl").exists():
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    process.kill()
    process.wait()
    first = json.loads((out / "ablation.json").read_text())["results"]
    assert list(first) == ["1-view"]
    finished = out / "1-view" / "seed-0" / "evaluation" / "report.json"
    written = finished.stat().st_mtime_ns
    process = start(words, dataset, out, log)
    assert process.wait(300) == 0, process.text()
    content = json.loads((out / "ablation.json").read_text())
    assert content["results"]["1-view"] == first["1-view"] and finished.stat().st_mtime_ns == written
    one, two = content["rows"]
    assert two["difference"] == pytest.approx(two["mean"] - one["mean"])
    assert set(two["agreement"].values()) == {"one seed"}
    text = log.read_text()
    assert "run 1 of 1: 2-views, seed 0" in text and "Table 3: how many broad views" in text
    page = (out / "ablation.html").read_text()
    assert "2-views" in page and "65.6: one seed" in page and "<script" not in page and "http" not in page
    assert "--rows 1-view 2-views --protocol linear --set steps=4 batch_size=6" in page
    process = start([*words[:-1], "5"], dataset, out, log)
    assert process.wait(300) == 1
    assert "ablation with other settings (rows.1-view.steps" in process.text()


def test_a_collapse_is_a_result(dataset, tmp_path):
    words = ["collapse", "--rows", "without-predictor", "--seeds", "1", "--steps", "6"]
    # Here everything counts as collapsed.
    settings = ["monitor.collapse_spread=1.0", "monitor.collapse_patience=3"]
    process = start(words, dataset, tmp_path / "out", tmp_path / "log", *settings)
    assert process.wait(300) == 0, process.text()
    (row,) = json.loads((tmp_path / "out" / "ablation.json").read_text())["rows"]
    assert row["collapsed"] == {"0": 3} and row["mean"] is None
    assert "collapsed at step 3" in process.text()
