"""Seconds from a command to its answer: `python benchmarks/startup.py`.

Times, each in a process of its own, `import tensorflow` alone, `brave-tf --help`, and a pre-training of one step with
everything that it leaves behind. `--against` takes the Python of another checkout; both run in turn.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

CLIPS_PER_MOTION, CLIP_SECONDS, SIDE = 12, 3.0, 64


def make_dataset(folder: Path) -> Path:
    """Clips of the demo's world, prepared."""
    from brave_tf import prepare
    from brave_tf.demo.world import write_world

    write_world(folder / "media", clips_per_motion={"train": CLIPS_PER_MOTION}, seconds=CLIP_SECONDS, size=SIDE)
    return prepare(folder / "media", folder / "dataset", split="train=1").path


def seconds_of(command: Sequence[str]) -> float:
    """How long a command takes, which has to succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})
    return time.perf_counter() - began


def measure(programs: dict[str, str], dataset: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Best and median of every command."""
    seconds: dict[str, list[float]] = {}
    for repeat in range(repeats):
        seconds.setdefault("import tensorflow", []).append(seconds_of([sys.executable, "-c", "import tensorflow"]))
        for name, program in programs.items():
            run = dataset.parent / f"run-{name}-{repeat}"
            step = ["pretrain", "tiny-va", "--data", str(dataset), "--run", str(run), "--steps", "1"]
            for title, arguments in {"--help": ["--help"], "pretrain, one step": step}.items():
                seconds.setdefault(f"{title} ({name})", []).append(seconds_of([program, *arguments]))
    return {name: {"best": min(times), "median": statistics.median(times)} for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", help="Python with another version of the library, to measure in turns with this")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    pythons = {"this": sys.executable, **({"other": options.against} if options.against else {})}
    programs = {name: str(Path(python).with_name("brave-tf")) for name, python in pythons.items()}
    with tempfile.TemporaryDirectory() as folder:
        dataset = make_dataset(Path(folder))
        results = measure(programs, dataset, options.repeats)
    if options.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "seconds": results}))
        return
    for name, times in results.items():
        print(f"{name:28} best {times['best']:6.2f} s   median {times['median']:6.2f} s")


if __name__ == "__main__":
    main()
