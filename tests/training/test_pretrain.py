"""Runs: what they leave behind, going on after an interruption, and refusing what does not fit."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import brave_tf
from brave_tf import presets
from brave_tf.commands import prepare, pretrain
from brave_tf.config.values import from_dict, override
from brave_tf.errors import UserError
from brave_tf.runs.directory import data_places
from brave_tf.runs.metrics import low_rank_events
from brave_tf.runs.record import read_run
from brave_tf.training.guard import HealthGuard
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit", "kept_models")

SMALL = [
    *(["batch_size=4", "narrow.size=32", "narrow.frames=4", "log_every=1", "checkpoint_every=2", "steps=6"]),
    *(["optimizer.name=adam", "optimizer.warmup_steps=2", "model.hidden_size=16", "model.projection_size=8"]),
    *(["model.narrow.width=0.0625", "model.audio.width=0.0625"]),
]


@pytest.fixture(scope="module")
def config():
    return override(presets.get("tiny-va"), SMALL)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(8):
        write_media(folder / "ab"[number % 2] / f"{number}.mp4", seconds=1.0, tone_hz=300 + 100 * number)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1, split="train=0.5,test=0.5").path


@pytest.fixture(scope="module")
def run(one_unit, kept_models, config, dataset, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "whole"
    return path, pretrain(config, [dataset], path)


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_encoder_summary_metrics_and_configuration(run, config):
    path, summary = run
    assert summary["steps"] == 6 and len(summary["weights_sha256"]) == 64
    assert summary["final_loss"] == lines(path)[-1]["loss"] and summary["clips_per_second"] > 0
    if sys.platform == "linux":
        assert 0 < lines(path)[-1]["input_cpu_seconds_per_clip"] < 10
    assert summary["left_out"] == {"without video": 0, "without sound": 0}
    assert json.loads((path / "summary.json").read_text()) == summary
    assert [line["step"] for line in lines(path)] == [1, 2, 3, 4, 5, 6]
    assert {"loss", "narrow_to_audio", "audio_to_narrow", "spread_audio", "spread_narrow_for_audio"} < lines(path)[
        0
    ].keys()
    assert from_dict(json.loads((path / "config.json").read_text())["config"]) == config
    assert list((path / "tensorboard").glob("events*"))


def test_encoder_file_loads_without_this_library(run, tmp_path):
    path, _ = run
    video = np.random.default_rng(0).random((1, 5, 40, 48, 3), dtype=np.float32)
    np.save(tmp_path / "video.npy", video)
    script = (
        "import sys; sys.modules['brave_tf'] = None; import keras, numpy as np;"
        f"model = keras.saving.load_model({str(path / 'encoder.keras')!r});"
        f"np.save({str(tmp_path / 'out.npy')!r}, model(np.load({str(tmp_path / 'video.npy')!r})))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=tmp_path)
    embedding = np.load(tmp_path / "out.npy")
    np.testing.assert_allclose(embedding, brave_tf.load_encoder(path)(video), atol=1e-5)
    assert embedding.shape == (1, 16)


def test_the_arguments_change_the_preset(dataset, tmp_path, capsys):
    settings = [each for each in SMALL if not each.startswith(("steps=", "batch_size="))]
    pretrain("tiny-va", str(dataset), tmp_path / "run", steps=2, batch_size=3, seed=5, set=settings)
    stored = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert from_dict(stored) == override(presets.get("tiny-va"), [*settings, "steps=2", "batch_size=3", "seed=5"])
    said = capsys.readouterr().err
    assert "a batch of 3 clips instead of 16: the linear rule would --set optimizer.peak_learning_rate=0.1125" in said
    with pytest.raises(UserError, match="received no data"):
        pretrain("tiny-va", [], tmp_path / "run")


def test_finished_runs_are_not_repeated(run, config, dataset):
    path, summary = run
    assert pretrain(config, [dataset], path) == summary


def test_a_run_writes_down_a_low_rank_and_where_its_data_is(config, dataset, tmp_path, monkeypatch, capfd):
    # Four clips of a batch allow a rank of 3, which no step reaches.
    wary = override(config, ["monitor.low_rank_share=1", "monitor.collapse_patience=2", "log_every=5", "steps=4"])
    monkeypatch.chdir(dataset.parent)
    pretrain(wary, dataset.name, tmp_path / "run")
    (event,) = low_rank_events(lines(tmp_path / "run"))
    assert (event["step"], event["is_low"], event["limit"]) == (2, True, 3.0) and event["rank"] < 3
    assert capfd.readouterr().err.count("warning: the effective rank of the projections") == 1
    assert data_places(tmp_path / "run") == [str(dataset)]


def test_an_interrupted_run_ends_with_the_same_weights(run, config, dataset, tmp_path, monkeypatch):
    _, whole = run

    class PressControlC(HealthGuard):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.HealthGuard", PressControlC)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config, [dataset], tmp_path / "run")
    assert not (tmp_path / "run" / "encoder.keras").exists()
    assert brave_tf.load_encoder(tmp_path / "run").card.steps == 3
    summary = pretrain(config, [dataset], tmp_path / "run")
    assert summary["weights_sha256"] == whole["weights_sha256"]
    assert [line["step"] for line in lines(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]


@pytest.mark.thorough
def test_steps_that_a_loss_scale_skips_count(config, dataset, tmp_path, monkeypatch):
    # The first steps overflow in float16 and move no weight; the data goes on.
    half = override(config, ["precision=float16"])
    whole = pretrain(half, [dataset], tmp_path / "whole")
    scales = [line["loss_scale"] for line in lines(tmp_path / "whole")]
    assert scales[0] < 2**15
    assert [line["step"] for line in lines(tmp_path / "whole")] == [1, 2, 3, 4, 5, 6]

    class Stop(HealthGuard):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.HealthGuard", Stop)
        with pytest.raises(SystemExit) as caught:
            pretrain(half, [dataset], tmp_path / "run")
    assert caught.value.code == 0
    assert pretrain(half, [dataset], tmp_path / "run")["weights_sha256"] == whole["weights_sha256"]


def test_a_run_killed_before_its_encoder_was_written_is_finished(run, config, dataset, tmp_path):
    path, whole = run
    copy = tmp_path / "run"
    shutil.copytree(path, copy)
    for name in ("encoder.keras", "summary.json"):
        (copy / name).unlink()
    summary = pretrain(config, [dataset], copy)
    same = ("weights_sha256", "encoder_sha256", "final_loss", "steps", "clips")
    assert {name: summary[name] for name in same} == {name: whole[name] for name in same}
    assert brave_tf.load_encoder(copy).card.weights_sha256 == whole["encoder_sha256"]


def test_a_second_control_c_stops_at_once_and_saves_no_unrecorded_step(run, config, dataset, tmp_path, monkeypatch):
    _, whole = run

    class PressControlCTwice(HealthGuard):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.HealthGuard", PressControlCTwice)
        with pytest.raises(KeyboardInterrupt):
            pretrain(config, [dataset], tmp_path)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2]
    assert pretrain(config, [dataset], tmp_path)["weights_sha256"] == whole["weights_sha256"]
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4, 5, 6]


def test_a_lost_encoder_is_written_again(run, config, dataset, tmp_path):
    path, whole = run
    shutil.copytree(path, tmp_path / "run")
    (tmp_path / "run" / "encoder.keras").unlink()
    assert pretrain(config, [dataset], tmp_path / "run")["encoder_sha256"] == whole["encoder_sha256"]
    assert (tmp_path / "run" / "encoder.keras").is_file()


def test_another_configuration_is_refused_key_by_key(run, config, dataset):
    path, _ = run
    before = (path / "config.json").read_bytes()
    other = override(config, ["seed=9", "narrow.size=48", "checkpoint_every=5"])
    with pytest.raises(UserError, match=r"narrow\.size: 32 -> 48; seed: 0 -> 9") as caught:
        pretrain(other, [dataset], path)
    assert "checkpoint_every" not in str(caught.value)
    assert (path / "config.json").read_bytes() == before


@pytest.mark.thorough
def test_a_finished_run_goes_on_to_more_steps_and_survives_an_interruption(run, config, dataset, tmp_path, monkeypatch):
    path, whole = run
    copy = tmp_path / "run"
    shutil.copytree(path, copy)
    longer = override(config, ["steps=12"])

    class PressControlC(HealthGuard):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("brave_tf.training.pretrain.HealthGuard", PressControlC)
        with pytest.raises(KeyboardInterrupt):
            pretrain(longer, [dataset], copy)
    # The files of the shorter run are still there, and do not count.
    assert read_run(copy).state == "unfinished" and json.loads((copy / "summary.json").read_text()) == whole
    assert brave_tf.load_encoder(copy).card.steps == 9
    with pytest.raises(UserError, match=r"received steps=6 .* has trained 9 steps"):
        pretrain(config, [dataset], copy)
    # What kill -9 would have left: no checkpoint of step 9, but its line.
    shutil.rmtree(copy / "checkpoints/step-00000009")
    summary = pretrain(longer, [dataset], copy)

    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(path, undisturbed)
    assert pretrain(longer, [dataset], undisturbed)["weights_sha256"] == summary["weights_sha256"]
    assert summary["steps"] == 12 and summary["weights_sha256"] != whole["weights_sha256"]
    assert summary["earlier_steps"] == [6] and read_run(copy).state == "finished"
    card = brave_tf.load_encoder(copy).card
    assert (card.steps, card.weights_sha256) == (12, summary["encoder_sha256"])
    assert [line["step"] for line in lines(copy)] == list(range(1, 13))
    # From step 7 on the schedule is that of twelve steps, two of them to warm up; a line has the rate of the next step.
    rates = [line["learning_rate"] for line in lines(copy)]
    peak = config.optimizer.peak_learning_rate
    np.testing.assert_allclose(rates[5], 0.0, atol=1e-7)
    np.testing.assert_allclose(rates[6], peak * 0.5 * (1 + np.cos(np.pi * 5 / 10)), rtol=1e-5)
    np.testing.assert_allclose(rates[11], 0.0, atol=1e-7)


def test_directories_of_something_else_are_refused(config, dataset, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="not a run directory"):
        pretrain(config, [dataset], tmp_path)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_loss_that_is_not_finite_ends_the_run_and_saves_nothing_of_it(config, dataset, tmp_path):
    wild = override(config, ["optimizer.name=adam", "optimizer.peak_learning_rate=1e38", "optimizer.warmup_steps=1"])
    with pytest.raises(UserError, match=r"(loss|norm) became (nan|inf) at step \d; .*peak_learning_rate") as caught:
        pretrain(wild, [dataset], tmp_path)
    failed = int(re.search(r"step (\d)", str(caught.value)).group(1))
    assert [line["step"] for line in lines(tmp_path)] == list(range(1, failed))
    assert not (tmp_path / "encoder.keras").exists()


def test_seeds_decide_the_weights(run, config, dataset, tmp_path):
    _, whole = run
    other = pretrain(override(config, ["seed=1"]), [dataset], tmp_path / "other")
    assert other["weights_sha256"] != whole["weights_sha256"]


def test_both_optimizers_run(run, config, dataset, tmp_path):
    _, with_adam = run
    assert config.optimizer.name == "adam" and np.isfinite(with_adam["final_loss"])
    short = override(config, ["optimizer.name=lars", "steps=2", "optimizer.warmup_steps=1"])
    assert np.isfinite(pretrain(short, [dataset], tmp_path)["final_loss"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("tensorboard", "tensorboard or metrics.jsonl beside it cannot be written"),
        ("metrics.jsonl", "metrics of step 3 cannot"),
    ],
)
def test_what_cannot_be_written_is_named_and_the_checkpoint_stays(run, config, dataset, tmp_path, name, reason):
    path, whole = run
    copy = tmp_path / "run"
    shutil.copytree(path, copy)
    for file in ("encoder.keras", "summary.json", name):
        shutil.rmtree(copy / file) if (copy / file).is_dir() else (copy / file).unlink()
    for step in (4, 6):
        shutil.rmtree(copy / "checkpoints" / f"step-{step:08d}")
    if name == "tensorboard":
        (copy / name).write_text("a file, where a folder is to be")
    else:
        (copy / name).mkdir()
    with pytest.raises(UserError, match=reason):
        pretrain(config, [dataset], copy)
    assert [each.name for each in (copy / "checkpoints").iterdir()] == ["step-00000002"]
    shutil.rmtree(copy / name) if (copy / name).is_dir() else (copy / name).unlink()
    assert pretrain(config, [dataset], copy)["weights_sha256"] == whole["weights_sha256"]
