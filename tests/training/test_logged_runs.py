"""Runs that Weights & Biases and MLflow themselves record, without a network: killed, gone on with, and compared."""

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from tests.programs import ONE_UNIT_COMMAND
from tests.training import run_killed, wandb_files

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, ("wandb", "mlflow", "sqlalchemy"))),
        reason="wandb or mlflow is not installed (extras wandb and mlflow)",
    ),
]

STEPS = 24
KEY = "0123456789abcdef" * 2 + "01234567"
SMALL = [
    *["batch_size=4", "narrow.size=32", "narrow.frames=2", "broad.audio.seconds=0.5", "model.hidden_size=16"],
    *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625", "model.projection_size=8"],
    *["checkpoint_every=4", "log_every=1", "keep_checkpoints=2", "monitor.probe_every=0", f"steps={STEPS}"],
]
LOG = ["--log", "wandb", "--log", "mlflow"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("logged")


@pytest.fixture(scope="module")
def killed(folder):
    """A run that was killed once, and went on; its hash, and that of one that no service has seen."""
    data = run_killed.make_dataset(folder, clips_per_motion=1)
    command = [*ONE_UNIT_COMMAND, "pretrain", "tiny-va", "--data", str(data), "--set", *SMALL]
    variables = {
        "WANDB_MODE": "offline",
        "WANDB_API_KEY": KEY,
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "HOME": str(folder),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        # Made before: a process that is killed while MLflow makes its tables leaves a store that MLflow itself refuses.
        store = "import mlflow, os; mlflow.MlflowClient(os.environ['MLFLOW_TRACKING_URI']).search_experiments()"
        quietly = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        subprocess.run([sys.executable, "-c", store], env=quietly, check=True)
        log = folder / "log"
        process = run_killed.start_and_reach([*command, *LOG], folder / "run", log, 10)
        process.kill()
        process.wait()
        logged = run_killed.complete([*command, *LOG], folder / "run", log)
        # Once more: nothing is left to do, for services either.
        run_killed.complete([*command, *LOG], folder / "run", log)
        alone = run_killed.complete(command, folder / "alone", folder / "log-alone")
    assert "warning:" not in log.read_text(), log.read_text()
    return logged, alone


def record(folder):
    return [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]


def test_weights_are_those_of_a_run_that_no_service_has_seen(killed):
    logged, alone = killed
    assert logged == alone


def test_wandb_has_every_step_once_as_the_record_has_it(killed, folder):
    (files,) = (folder / "run" / "wandb").glob("offline-run-*")
    expected = [({"step": step, **row}) for step, row in wandb_files.history(files)]
    assert expected == record(folder) and len(expected) == STEPS


def test_mlflow_has_every_step_once(killed, folder):
    with sqlite3.connect(folder / "mlflow.db") as store:
        assert store.execute("select name, status from runs").fetchall() == [("run", "FINISHED")]
        found = store.execute("select key, step, value from metrics order by step").fetchall()
    # A step that was made again after the kill keeps what was sent of it first; and the first step that a process makes
    # does not tell how long its input took.
    untold = ("step", "input_cpu_seconds_per_clip")
    expected = [(name, line["step"]) for line in record(folder) for name in line if name not in untold]
    assert sorted((name, step) for name, step, _ in found if name not in untold) == sorted(expected)
    assert len({(name, step) for name, step, _ in found}) == len(found)
    losses = {step: value for name, step, value in found if name == "loss"}
    assert losses == {line["step"]: line["loss"] for line in record(folder)}


def test_both_know_configuration_and_data(killed, folder):
    config = json.loads((folder / "run" / "config.json").read_text())
    (files,) = (folder / "run" / "wandb").glob("offline-run-*")
    told = wandb_files.config(files)
    assert told["batch_size"] == 4 and told["model"]["projection_size"] == 8
    assert told["data_fingerprints"] == config["data"]
    with sqlite3.connect(folder / "mlflow.db") as store:
        parameters = dict(store.execute("select key, value from params").fetchall())
    assert parameters["model.projection_size"] == "8"
    assert json.loads(parameters["data_fingerprints"]) == config["data"]


def test_no_credentials_are_in_the_run_directory(killed, folder):
    files = [file for file in (folder / "run").rglob("*") if file.is_file()]
    assert files and not [file for file in files if KEY.encode() in file.read_bytes()]


def test_without_a_login_or_a_server_the_training_ends_as_ever(killed, folder, tmp_path):
    _, alone = killed
    data = folder / "dataset"
    command = [*ONE_UNIT_COMMAND, "pretrain", "tiny-va", "--data", str(data), "--set", *SMALL]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_MODE", "WANDB_API_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(tmp_path))
        # Port 9 of this machine takes no connections.
        patch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        found = run_killed.complete([*command, *LOG], tmp_path / "run", tmp_path / "log")
    said = (tmp_path / "log").read_text()
    assert found == alone
    assert said.count("warning: wandb does not take") == said.count("warning: mlflow does not take") == 1, said
    assert said.count(f"{STEPS} of {STEPS} lines of metrics did not reach") == 2 and "secret" not in said
    assert "Traceback" not in said


def test_nothing_is_asked_for_that_the_user_has_not_named(killed, folder):
    assert not (folder / "alone" / "wandb").exists() and not (folder / "alone" / "log_id.json").exists()
    assert not os.path.exists(folder / "mlruns")
