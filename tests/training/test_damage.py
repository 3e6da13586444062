"""Runs over data that is damaged: they end well and name it, or say at once why they do not."""

import json
import os
import signal

import pytest

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import inspect, prepare, pretrain, report
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.runs.record import read_run
from brave_tf.training.guard import HealthGuard
from tests.data.damaged_records import damaged_copy
from tests.preparation.media_files import write_media
from tests.training.test_pretrain import SMALL, lines

pytestmark = pytest.mark.usefixtures("one_unit", "kept_models")

CLIPS = 12
DAMAGE = {0: "pictures", 3: "pictures", 5: "pictures", 7: "checksum", 10: "nan"}


@pytest.fixture(scope="module")
def config():
    # Two epochs of 12 clips in 6 steps of 4; metrics are written every 4th step.
    return override(presets.get("tiny-va"), [*SMALL, "monitor.damaged_share=0.5", "log_every=4"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for number in range(CLIPS):
        write_media(folder / "videos" / f"{number:02d}.mp4", seconds=1.0, tone_hz=300 + 50 * number)
    return prepare(folder / "videos", folder / "out", workers=1, split="train=1").path


@pytest.fixture(scope="module")
def damaged(whole, tmp_path_factory):
    return damaged_copy(whole, tmp_path_factory.mktemp("damaged") / "d", DAMAGE)


@pytest.fixture(scope="module")
def run(one_unit, kept_models, config, damaged, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    return path, pretrain(config, [damaged], path)


def named(entries):
    return {entry["row"]: entry for entry in entries}


def test_a_run_over_damaged_clips_ends_well_and_names_them(run, damaged, tmp_path):
    path, summary = run
    assert named(summary["damaged"]).keys() == DAMAGE.keys() and len(summary["damaged"]) == len(DAMAGE)
    assert summary["clips"] == CLIPS and summary["steps"] == 6
    for row, kind in DAMAGE.items():
        entry = named(summary["damaged"])[row]
        assert entry["source"] == f"{row:02d}.mp4" and entry["shard"].startswith(str(damaged)) and entry["offset"] > 0
        words = {"pictures": "does not decode", "checksum": "checksum", "nan": "NaN"}[kind]
        assert words in entry["reason"]
    logged = lines(path)
    assert [entry for line in logged for entry in line.get("damaged", [])] == summary["damaged"]
    counts = [line["damaged_clips"] for line in logged]
    assert counts == sorted(counts) and counts[-1] == len(DAMAGE)
    # Within the first epoch, each at its step.
    assert {line["step"] for line in logged if "damaged" in line} <= {1, 2, 3}
    record = report(path, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert record.damaged == summary["damaged"] and "Damaged: 5 clips" in page
    assert all(entry["reason"].split(" (")[0] in page and entry["source"] in page for entry in summary["damaged"])


@pytest.mark.thorough
def test_it_ends_with_the_same_weights_when_it_was_stopped(run, config, damaged, tmp_path, monkeypatch):
    _, whole_run = run

    class Stop(HealthGuard):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.HealthGuard", Stop)
        with pytest.raises(SystemExit):
            pretrain(config, [damaged], tmp_path)
    assert [line["step"] for line in lines(tmp_path) if "damaged" in line]
    summary = pretrain(config, [damaged], tmp_path)
    assert summary["weights_sha256"] == whole_run["weights_sha256"]
    assert summary["damaged"] == whole_run["damaged"]


@pytest.mark.thorough
def test_it_says_so_while_it_runs(config, damaged, tmp_path, capsys):
    pretrain(config, [damaged], tmp_path)
    said = capsys.readouterr().err
    assert said.count("warning: damaged and replaced by another: clip ") == len(DAMAGE)


def test_strict_ends_it_at_the_first(damaged, tmp_path, capsys):
    command = ["pretrain", "tiny-va", "--data", str(damaged), "--run", str(tmp_path / "run"), "--strict"]
    assert main([*command, "--set", *SMALL]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "error: " in error and "--strict allows none" in error and ".mp4 (" in error
    assert not (tmp_path / "run" / "summary.json").exists() and not (tmp_path / "run" / "metrics.jsonl").exists()
    diagnosis = json.loads((tmp_path / "run" / "diagnosis.json").read_text())
    assert diagnosis["reason"] == "damaged clips" and diagnosis["step"] == 1 and diagnosis["clip_ids"]
    record = read_run(tmp_path / "run")
    assert record.state == "stopped" and record.damaged == diagnosis["damaged"]
    report(tmp_path / "run", tmp_path / "page.html")
    assert "stopped at step 1 of 6 (damaged clips)" in (tmp_path / "page.html").read_text()


def test_more_than_the_share_end_it_with_a_list(config, damaged, run, tmp_path):
    limited = override(config, ["monitor.damaged_share=0.3"])
    with pytest.raises(
        UserError, match=r"of 12 clips are damaged, more than monitor.damaged_share=0\.3 of them, at"
    ) as e:
        pretrain(limited, [damaged], tmp_path)
    assert str(e.value).count(".mp4 (") >= 4
    # The share may change when the run goes on.
    summary = pretrain(config, [damaged], tmp_path)
    assert summary["weights_sha256"] == run[1]["weights_sha256"] and summary["damaged"] == run[1]["damaged"]
    assert not (tmp_path / "diagnosis.json").exists()


def test_where_nothing_can_be_used_it_says_so_in_one_line(config, whole, tmp_path):
    data = damaged_copy(whole, tmp_path / "d", dict.fromkeys(range(CLIPS), "checksum"))
    with pytest.raises(UserError, match=r"none of the 64 clips that were drawn for an example can be used; .*checksum"):
        pretrain(config, [data], tmp_path / "run")


@pytest.mark.thorough
def test_a_run_over_whole_data_names_nothing(config, whole, tmp_path):
    summary = pretrain(config, [whole], tmp_path)
    assert summary["damaged"] == [] and {line["damaged_clips"] for line in lines(tmp_path)} == {0}
    report(tmp_path, tmp_path / "page.html")
    assert "Damaged" not in (tmp_path / "page.html").read_text()


def unchecked(values, what):
    return values


def test_a_loss_that_bad_input_made_is_told_from_divergence(config, damaged, tmp_path, monkeypatch):
    monkeypatch.setattr("brave_tf.data.views.check_finite", unchecked)
    with pytest.raises(
        UserError, match=r"became nan at step \d; .*its input was not finite, so prepare again: clip"
    ) as e:
        pretrain(config, [damaged], tmp_path)
    assert "10.mp4 (" in str(e.value) and "not finite in audio" in str(e.value)
    assert "peak_learning_rate" not in str(e.value)
    lines = json.loads((tmp_path / "diagnosis.json").read_text())["bad_input"]
    assert lines and all("10.mp4" in line for line in lines)


@pytest.mark.thorough
def test_a_loss_that_diverged_is_told_from_bad_input(config, whole, tmp_path):
    wild = override(config, ["optimizer.name=adam", "optimizer.peak_learning_rate=1e38", "optimizer.warmup_steps=1"])
    with pytest.raises(UserError, match=r"its input was finite, so the training diverged: try a lower optimizer\.peak"):
        pretrain(wild, [whole], tmp_path)
    assert json.loads((tmp_path / "diagnosis.json").read_text())["bad_input"] == []


@pytest.mark.thorough
def test_inspect_shows_what_the_run_shows_and_names_what_it_does_not(config, damaged, tmp_path, capsys):
    content = inspect(damaged, config, tmp_path / "page.html", clips=CLIPS, redraws=0)
    assert len(content.clips) == CLIPS and not {clip.source for clip in content.clips} & {
        f"{row:02d}.mp4" for row in DAMAGE
    }
    told = [words for name, words in content.facts if name.startswith("damaged")]
    assert len(told) == len(DAMAGE) and all("byte" in words for words in told)
    assert "checksum does not fit" in (tmp_path / "page.html").read_text()
    assert capsys.readouterr().err.count("warning: damaged, another is shown: clip ") == len(DAMAGE)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            ["steps=1", "batch_size=48", "narrow.size=16", "narrow.frames=2"],
            "the data has 12 clips for batches of 48: a batch shows each about 4 times",
        ),
        ([], "12 of 12 clips are shorter than the longest view (broad sound, 2 s)"),
    ],
)
def test_what_is_unusual_is_said_before_the_first_step(config, whole, tmp_path, capsys, settings, words):
    pretrain(override(config, settings), [whole], tmp_path)
    said = [line for line in capsys.readouterr().err.splitlines() if words in line]
    assert len(said) == 1
