"""Kills a training again and again, and compares what it ends with to a training that nobody touched.

`python -m tests.training.run_killed --kills 10 --steps 60 FOLDER` runs the long form; the tests run a short one. The
kills are `kill -9` at random moments of each attempt, of which a seed makes the same sequence.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from brave_tf.commands import prepare
from brave_tf.demo.world import write_world
from tests.programs import Program


def make_dataset(folder: Path, clips_per_motion: int = 4) -> Path:
    """A small dataset with sound."""
    write_world(folder / "media", clips_per_motion={"train": clips_per_motion}, seconds=1.5, size=48, workers=1)
    return prepare(folder / "media", folder / "dataset", workers=1, split="train=1").path


def start(arguments: Sequence[str], run: Path, log: Path) -> Program:
    """Starts a training; the arguments are Python's, such as `-m brave_tf pretrain PRESET`, without `--run`."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    return Program([*arguments, "--run", str(run)], log, environment)


def complete(arguments: Sequence[str], run: Path, log: Path) -> str:
    """Runs to the end; the hash of the weights."""
    status = start(arguments, run, log).wait()
    assert status == 0, f"status {status}:\n{log.read_text()}"
    return json.loads((run / "summary.json").read_text())["weights_sha256"]


def kill_repeatedly(arguments: Sequence[str], run: Path, log: Path, kills: int, longest: float, seed: int) -> list[int]:
    """Kills a run `kills` times, at random moments within `longest` seconds; the steps that it had reached."""
    moments = random.Random(seed)
    reached = []
    for _ in range(kills):
        process = start(arguments, run, log)
        time.sleep(moments.uniform(0, longest))
        assert process.poll() is None, "the run was over before it was killed for the last time: give it more steps"
        process.kill()
        process.wait()
        reached.append(last_step(run))
    return reached


def start_and_reach(arguments: Sequence[str], run: Path, log: Path, step: int) -> Program:
    """Starts a run, and returns as soon as a step is recorded."""
    process = start(arguments, run, log)
    while last_step(run) < step:
        assert process.poll() is None, f"ended before step {step}:\n{log.read_text()}"
        time.sleep(0.02)
    return process


def last_step(run: Path) -> int:
    """The last step that was recorded, 0 for none."""
    path = run / "metrics.jsonl"
    steps = [0]
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            steps.append(json.loads(line)["step"])
        except ValueError:
            break  # cut off by the kill
    return steps[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--preset", default="tiny-va")
    parser.add_argument("--data", type=Path, help="a dataset; by default one is made")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    data = options.data or make_dataset(options.folder)
    arguments = ["-m", "brave_tf", "pretrain", options.preset, "--data", str(data), "--steps", str(options.steps)]
    arguments += ["--set", "checkpoint_every=5", "log_every=1", "keep_checkpoints=3"]
    log = options.folder / "log.txt"
    began = time.monotonic()
    process = start_and_reach(arguments, options.folder / "whole", log, 1)
    first = time.monotonic() - began
    process.wait()
    seconds = time.monotonic() - began
    whole = complete(arguments, options.folder / "whole", log)
    print(f"undisturbed: {seconds:.0f} s, the first step after {first:.0f} s, {whole}", flush=True)
    # On average a kill comes early enough for all of them to hit.
    longest = first + 4 * (seconds - first) / options.kills
    reached = kill_repeatedly(arguments, options.folder / "killed", log, options.kills, longest, options.seed)
    print(f"killed {len(reached)} times, after steps {reached}", flush=True)
    found = complete(arguments, options.folder / "killed", log)
    print(f"after the kills: {found}", flush=True)
    sys.exit(0 if found == whole else "the weights differ")


if __name__ == "__main__":
    main()
