"""Two workers that train one run, started as SLURM would: what happens when one dies, stops, or differs."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.data.damaged_records import damaged_copy
from tests.training import run_killed
from tests.training.test_killed import SMALL

pytestmark = pytest.mark.slow

STEPS = 30
LOST_SECONDS = 60


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return run_killed.make_dataset(tmp_path_factory.mktemp("workers"), clips_per_motion=1)


def start(dataset, run, job, settings=((), ())):
    """Both workers, as processes with their output in a pipe."""
    processes = []
    for rank, more in enumerate(settings):
        cluster = {
            "SLURM_PROCID": str(rank),
            "SLURM_STEP_NUM_TASKS": "2",
            "SLURM_STEP_NODELIST": "localhost",
            "SLURM_STEP_TASKS_PER_NODE": "2",
            "SLURM_JOB_ID": str(job),
        }
        command = [sys.executable, "-m", "brave_tf", "pretrain", "tiny-va", "--data", str(dataset), "--run", str(run)]
        command += ["--set", *SMALL, *more]
        environment = {**os.environ, **cluster, "CUDA_VISIBLE_DEVICES": "-1"}
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
    return processes


def finish(processes, seconds=300):
    """Statuses and outputs."""
    outputs = [process.communicate(timeout=seconds)[0] for process in processes]
    return [process.returncode for process in processes], outputs


def reach(processes, run, step):
    while run_killed.last_step(run) < step:
        assert all(process.poll() is None for process in processes), finish(processes)


def digest(run):
    return json.loads((run / "summary.json").read_text())["weights_sha256"]


@pytest.fixture(scope="module")
def undisturbed(dataset, tmp_path_factory):
    run = tmp_path_factory.mktemp("workers") / "run"
    statuses, outputs = finish(start(dataset, run, job=1))
    assert statuses == [0, 0], outputs
    return digest(run)


@pytest.mark.parametrize("victim", [0, 1])
def test_when_one_is_killed_the_other_says_so_and_both_go_on(dataset, undisturbed, tmp_path, victim):
    run = tmp_path / "run"
    processes = start(dataset, run, job=2 + victim)
    reach(processes, run, 9)
    processes[victim].kill()
    statuses, outputs = finish(processes, LOST_SECONDS)
    assert statuses[victim] == -signal.SIGKILL and statuses[1 - victim] == 1
    assert "another one is gone or failed" in outputs[1 - victim] and "Traceback" not in outputs[1 - victim]
    statuses, outputs = finish(start(dataset, run, job=4 + victim))
    assert statuses == [0, 0], outputs
    assert digest(run) == undisturbed


def test_sigterm_to_one_stops_both_after_the_same_step(dataset, undisturbed, tmp_path):
    run = tmp_path / "run"
    processes = start(dataset, run, job=6)
    reach(processes, run, 5)
    processes[1].send_signal(signal.SIGTERM)
    statuses, outputs = finish(processes, LOST_SECONDS)
    assert statuses == [0, 0], outputs
    stopped = run_killed.last_step(run)
    assert all(f"stopped after step {stopped}" in output for output in outputs)
    assert (run / "checkpoints" / f"step-{stopped:08d}").is_dir() and stopped < STEPS
    assert finish(start(dataset, run, job=7))[0] == [0, 0]
    assert digest(run) == undisturbed


DAMAGE = {0: "pictures", 3: "checksum", 5: "nan"}


def test_the_first_names_the_damaged_clips_that_any_of_them_met(dataset, tmp_path):
    data = damaged_copy(dataset, tmp_path / "data", DAMAGE)
    settings = ("monitor.damaged_share=0.5",)
    statuses, outputs = finish(start(data, tmp_path / "run", job=9, settings=(settings, settings)))
    assert statuses == [0, 0], outputs
    damaged = json.loads((tmp_path / "run" / "summary.json").read_text())["damaged"]
    assert {entry["row"] for entry in damaged} == set(DAMAGE)
    assert sum("damaged and replaced by another: clip" in line for line in outputs[0].splitlines()) == len(DAMAGE)
    assert "damaged and replaced" not in outputs[1]


def test_where_none_may_be_damaged_all_of_them_stop(dataset, tmp_path):
    data = damaged_copy(dataset, tmp_path / "data", DAMAGE)
    strict = ("monitor.damaged_share=0",)
    statuses, outputs = finish(start(data, tmp_path / "run", job=10, settings=(strict, strict)))
    assert statuses == [1, 1] and all("--strict allows none" in output for output in outputs), outputs


def test_workers_with_other_settings_are_told_apart(dataset, tmp_path):
    statuses, outputs = finish(start(dataset, tmp_path / "run", job=8, settings=((), ("seed=1",))), LOST_SECONDS)
    assert statuses == [1, 1]
    assert "this worker agrees, another does not" in outputs[0]
    assert "differs from the first worker (config.seed: 0 -> 1)" in outputs[1]
