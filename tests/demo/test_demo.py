"""The demo at toy size: every step really runs, and the page holds what they gave."""

import html
import json
import subprocess
import sys
import time

import pytest

from brave_tf import demo, presets
from brave_tf.config.values import override
from brave_tf.demo.steps import Steps
from brave_tf.errors import UserError

pytestmark = pytest.mark.usefixtures("one_unit")

TOY = ["batch_size=6", "model.narrow.width=0.0625", "model.rgb.width=0.0625", "model.audio.width=0.0625", "log_every=1"]
TOY += ["model.narrow.depth=14", "model.hidden_size=16", "model.projection_size=8", "optimizer.warmup_steps=1"]
TOY += ["evaluation.epochs=1", "evaluation.windows=1", "evaluation.crops=1"]


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(demo, "CLIPS_PER_MOTION", {"train": 2, "test": 1})
    monkeypatch.setattr(demo, "CLIP_SECONDS", 2.0)
    monkeypatch.setattr(
        demo, "_config", lambda preset, steps, seed: override(presets.get(preset), [*TOY, "steps=2", f"seed={seed}"])
    )


def test_demo_leaves_other_directories_and_other_seeds_alone(tmp_path):
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something that is not a demo"):
        demo.run_demo(tmp_path)
    assert (tmp_path / "exported" / "mine.txt").read_text() == "mine"
    Steps(tmp_path / "other", {"seed": 3})
    with pytest.raises(UserError, match=r"holds a demo with .*3.*received .*4"):
        Steps(tmp_path / "other", {"seed": 4})


def test_a_demo_that_another_version_began_is_left_alone(tmp_path):
    Steps(tmp_path / "demo", {"seed": 0})
    with pytest.raises(UserError, match=r"holds a demo with .*received .*version"):
        demo.run_demo(tmp_path / "demo", seed=0)


def test_demo_stays_on_this_machine():
    with pytest.raises(UserError, match=r"received --out gs://bucket/demo; .*expected a folder here"):
        demo.run_demo("gs://bucket/demo")


def test_a_demo_that_was_killed_while_it_wrote_its_first_file_goes_on(tmp_path):
    (tmp_path / ".demo.json.partial").write_text("{")
    Steps(tmp_path, {"seed": 3})
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]


def test_steps_are_done_once_and_their_time_adds_up(tmp_path):
    def stopped():
        time.sleep(0.2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Steps(tmp_path, {}).do("train", stopped)
    assert Steps(tmp_path, {}).do("train", lambda: {"loss": 1.0}) == {"loss": 1.0}
    again = Steps(tmp_path, {})
    assert again.do("train", stopped) == {"loss": 1.0} and again.seconds["train"] >= 0.2


def test_the_processes_that_write_media_start_without_tensorflow():
    script = "import sys, brave_tf.demo.world; print('tensorflow' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@pytest.mark.thorough
def test_demo_runs_and_goes_on_where_it_stopped(toy, tmp_path):
    pytest.importorskip("tensorflow_hub", reason="the demo loads its export with hub.load")
    report = demo.run_demo(tmp_path / "demo", seed=1)
    assert json.loads((tmp_path / "demo" / "report.json").read_text()) == json.loads(json.dumps(report))
    assert report["export_verified"] and report["chance"] == pytest.approx(1 / 6)
    assert report["export"]["loader"] == "tensorflow_hub.load" and max(report["export"]["errors"].values()) < 1e-4
    # One label of each of the six motions.
    assert (
        report["labels"] == 6
        and report["linear_top1"] == report["runs"]["V<->A"]["motion"]["linear"]["label_fractions"][1]["mean"]
    )
    assert report["all_labels"]["v_v_theme_top1"] == report["runs"]["V<->V"]["thing"]["linear"]["mean"]
    page = (tmp_path / "demo" / "index.html").read_text()
    assert "<img" in page and "V&lt;-&gt;A" in page
    # The time of every step is on the page, its own among them, and they are all the time that the report tells.
    assert all(f">{html.escape(step)}</th>" in page for step in report["timings"])
    assert list(report["timings"])[-1] == "gather this page"
    assert report["seconds"] == pytest.approx(sum(report["timings"].values()), abs=0.1)
    again = demo.run_demo(tmp_path / "demo", seed=1)
    assert again["runs"]["V<->A"]["summary"] == report["runs"]["V<->A"]["summary"]
    assert again["linear_top1"] == report["linear_top1"]
