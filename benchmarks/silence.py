"""The longest silence of every command: `python benchmarks/silence.py`.

Runs each command with its output in a pipe, as under a scheduler, and notes when something comes out of it. Between
start and end nothing should be silent for more than five seconds, also while other processes take the processor, which
`--load` starts. The exit status is 1 if anything was.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST_SECONDS = 5.0
CLIPS_PER_MOTION, CLIP_SECONDS, SIDE = {"train": 12, "test": 4}, 3.0, 64
NAMES = 100_000
"""Files of another kind beside the media that are listed."""
SHORT = ["--windows", "2", "--crops", "1", "--epochs", "2"]
PROTOCOLS = {
    "linear": SHORT,
    "linear-lars": SHORT,
    "mlp": SHORT,
    "finetune": [*SHORT, "--classifier.epochs", "2", "--classifier.batch-size", "16"],
    "knn": SHORT[:4],
    "retrieval": SHORT[:4],
}


class Course(NamedTuple):
    """How a command went: seconds in all and of the longest silence, what came before that, and the exit status."""

    seconds: float
    silence: float
    before: str
    status: int


def course_of(arguments: Sequence[str]) -> Course:
    """Runs a command of `brave-tf`."""
    began = heard = time.monotonic()
    silence, before, last = 0.0, "", "the start"
    process = subprocess.Popen(
        [sys.executable, "-m", "brave_tf", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
    )
    assert process.stdout is not None
    while True:
        text = os.read(process.stdout.fileno(), 65_536)
        now = time.monotonic()
        if now - heard > silence:
            silence, before = now - heard, last
        if not text:
            break
        heard = now
        last = (text.decode(errors="replace").strip().splitlines() or [last])[-1]
    status = process.wait()
    if status:
        print(f"exit status {status}: {last}", file=sys.stderr)
    return Course(time.monotonic() - began, silence, before, status)


def write_checkpoint(path: Path) -> Path:
    """A checkpoint in the released layout, of a network at random initialisation."""
    from brave_tf import quiet

    quiet.set_environment()
    quiet.import_tensorflow()
    import numpy as np

    from brave_tf import load_encoder
    from brave_tf.convert import to_haiku

    tree = to_haiku(load_encoder("random:tsm50").model)
    np.save(path, np.array({**tree, "config": {}}, dtype=object), allow_pickle=True)
    return path


def write_names(folder: Path) -> None:
    """A folder of many files, of which none is of interest."""
    for number in range(NAMES):
        if number % 1000 == 0:
            (folder / f"{number:06d}").mkdir(parents=True)
        (folder / f"{number // 1000 * 1000:06d}" / f"{number:06d}.json").touch()


def commands(folder: Path) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """Every command, with what gives its arguments when it is its turn."""
    media, dataset, run = folder / "media", folder / "dataset", folder / "run"
    data = ["--data", str(dataset)]
    pretrain = ["pretrain", "tiny-va", *data, "--run", str(run), "--set", "batch_size=24", "monitor.probe_every=10"]

    def sources() -> Path:
        from brave_tf.demo.world import write_world

        write_world(media, clips_per_motion=CLIPS_PER_MOTION, seconds=CLIP_SECONDS, size=SIDE)
        write_names(media / "train")
        return media

    yield "prepare", lambda: ["prepare", str(sources()), "--out", str(dataset)]
    yield "prepare, again", lambda: ["prepare", str(media), "--out", str(dataset)]
    yield "prepare --workers 0", lambda: ["prepare", str(media), "--out", str(folder / "other"), "--workers", "0"]
    yield "verify", lambda: ["verify", str(dataset), "--repair", str(folder / "repaired")]
    page = ["--out", str(folder / "page.html")]
    yield "inspect", lambda: ["inspect", str(dataset), "--preset", "v-vvv-tsm50-k600", *page]
    yield "pretrain", lambda: [*pretrain, "--steps", "20"]
    yield "pretrain, longer", lambda: [*pretrain, "--steps", "25"]
    yield "report", lambda: ["report", str(run), *page]
    for protocol, options in PROTOCOLS.items():
        evaluate = ["evaluate", str(run), *data, "--out", str(folder / protocol), "--protocol", protocol, *options]
        yield f"evaluate --protocol {protocol}", lambda evaluate=evaluate: evaluate
    yield "export", lambda: ["export", str(run), "--out", str(folder / "exported")]
    yield "export random:tsm50", lambda: ["export", "random:tsm50", "--out", str(folder / "large")]
    jax = folder / "tsm50.npy"
    yield "convert", lambda: ["convert", str(write_checkpoint(jax)), "--out", str(folder / "converted")]
    yield "demo", lambda: ["demo", "--out", str(folder / "demo")]


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Others that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", type=int, default=0, help="busy processes beside the command")
    parser.add_argument("--only", nargs="*", metavar="COMMAND", help="those among the commands, such as export")
    parser.add_argument("--folder", type=Path, help="where to write, and to go on from; by default a temporary one")
    options = parser.parse_args()
    worst = 0.0
    failed = False
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, arguments_of in commands(folder):
            if options.only and name not in options.only:
                continue
            arguments = arguments_of()
            with busy(options.load):
                course = course_of(arguments)
            worst, failed = max(worst, course.silence), failed or bool(course.status)
            told = f"{course.seconds:6.1f} s, silent for {course.silence:4.1f} s after: {course.before}"
            print(f"{name:32} {told}", flush=True)
    return int(failed or worst > LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
