"""kill -9, SIGTERM and a second process: a run ends with the same weights whatever happens to it."""

import json
import signal

import pytest

from tests.programs import ONE_UNIT_COMMAND, Program
from tests.training import run_killed

pytestmark = pytest.mark.thorough

STEPS = 30
SMALL = [
    *["batch_size=4", "narrow.size=32", "narrow.frames=2", "broad.audio.seconds=0.5", "model.hidden_size=16"],
    *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625", "model.projection_size=8"],
    *["checkpoint_every=4", "log_every=1", "keep_checkpoints=2", "monitor.probe_every=0", f"steps={STEPS}"],
    "optimizer.peak_learning_rate=0.05",
]


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    data = run_killed.make_dataset(tmp_path_factory.mktemp("killed"), clips_per_motion=1)
    return [*ONE_UNIT_COMMAND, "pretrain", "tiny-va", "--data", str(data), "--set", *SMALL]


@pytest.fixture(scope="module")
def undisturbed(arguments, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_killed.complete(arguments, folder / "run", folder / "log")


def test_a_run_that_is_killed_twice_and_stopped_ends_with_the_same_weights(arguments, undisturbed, tmp_path):
    run, log = tmp_path / "run", tmp_path / "log"
    for step in (3, 10):
        process = run_killed.start_and_reach(arguments, run, log, step)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert not (run / "summary.json").exists()
    process = run_killed.start_and_reach(arguments, run, log, 14)
    check_that_a_second_process_is_refused(process, arguments, run)
    check_that_sigterm_saves(process, run, log)
    assert run_killed.complete(arguments, run, log) == undisturbed
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, STEPS + 1))
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000028", "step-00000030"]


def check_that_a_second_process_is_refused(process, arguments, run):
    process.send_signal(signal.SIGSTOP)
    second = Program([*arguments, "--run", str(run)])
    status = second.wait()
    process.send_signal(signal.SIGCONT)
    assert status == 1 and "another process trains in" in second.text(), second.text()


def check_that_sigterm_saves(process, run, log):
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    stopped = run_killed.last_step(run)
    assert f"stopped after step {stopped}" in log.read_text()
    assert (run / "checkpoints" / f"step-{stopped:08d}").is_dir() and stopped < STEPS
