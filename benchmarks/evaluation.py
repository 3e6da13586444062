"""Time of the test features of an evaluation, beside decoding and the network alone.

    python benchmarks/evaluation.py                          a table, and the same as JSON with --json
    python benchmarks/evaluation.py --against OTHER/.venv/bin/python    this library and another version, in turns

Decoding and the network run side by side. Where they share the same cores the features cannot cost less than the sum of
what each costs alone, and where the network has an accelerator no less than the slower of the two. It writes its own
videos, or takes a dataset. Everything is measured in turns, and the fastest and the median turn are given. The
processor's seconds change least where others use the machine too.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLIPS_PER_MOTION = {"train": 8, "test": 8}
CLIP_SECONDS = 3.0
PARTS = ("decode", "network", "features")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--turns", type=int, default=7, help="turns of each measurement")
    parser.add_argument("--against", help="Python with another version of the library, to measure in turns with this")
    parser.add_argument("--data", type=Path, help="dataset instead of videos of its own")
    parser.add_argument("--encoder", default="random:tiny-va")
    parser.add_argument("--videos", type=int, default=96, help="videos of a turn, the dataset over and over")
    parser.add_argument("--windows", type=int, help="windows of a video, instead of the encoder's own")
    parser.add_argument("--crops", type=int, help="crops of a window")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        arguments.data = (arguments.data or write_dataset(Path(folder))).resolve()
        pythons = {"this": sys.executable, "other": arguments.against}
        versions = {name: stack.enter_context(Version(python, arguments)) for name, python in pythons.items() if python}
        readings: dict[str, dict[str, list[dict[str, float]]]] = {
            name: {part: [] for part in PARTS} for name in versions
        }
        for _ in range(arguments.turns):
            for part in PARTS:
                for name, version in versions.items():
                    readings[name][part].append(version.turn(part))
    results = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    results |= {name: summarise(parts) for name, parts in readings.items()}
    print(json.dumps(results, indent=1) if arguments.json else table(results))


def write_dataset(folder: Path) -> Path:
    """Short videos of the demo's world, prepared."""
    from brave_tf.commands import prepare
    from brave_tf.demo.world import write_world

    write_world(folder / "media", clips_per_motion=CLIPS_PER_MOTION, seconds=CLIP_SECONDS, seed=0, workers=1)
    prepare(folder / "media", folder / "dataset", workers=1)
    return folder / "dataset"


class Version:
    """A process with one version of the library, which takes turns."""

    def __init__(self, python: str, arguments: argparse.Namespace):
        command = [python, __file__, "--serve", "--data", str(arguments.data), "--encoder", arguments.encoder]
        for name in ("videos", "windows", "crops"):
            if getattr(arguments, name) is not None:
                command += [f"--{name}", str(getattr(arguments, name))]
        # Elsewhere, so that each imports the library that it has installed.
        self._process: Any = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd="/"
        )

    def __enter__(self) -> "Version":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait()

    def turn(self, part: str) -> dict[str, float]:
        """Seconds, and the processor's seconds, of one part."""
        print(part, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the process that measures has ended; its command: {' '.join(self._process.args)}")
        return dict(json.loads(line))


def serve(arguments: argparse.Namespace) -> None:
    """Answers each part on standard input with what it took."""
    parts = make_parts(arguments)
    for part in PARTS:
        parts[part]()
    for line in sys.stdin:
        began, processor = time.perf_counter(), time.process_time()
        parts[line.strip()]()
        took = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - processor}
        print(json.dumps(took), flush=True)


def make_parts(arguments: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """What is timed, each over the same windows: decoding, the network in full batches, and both."""
    import numpy as np
    import tensorflow as tf

    import brave_tf
    from brave_tf.data import open_dataset
    from brave_tf.data.pipeline import clip_windows
    from brave_tf.evaluation import features

    encoder: Any = brave_tf.load_encoder(arguments.encoder)
    # `shown` and `graph_of` are the names of older versions, to measure against.
    input_view = getattr(encoder.card, "input_view", None) or encoder.card.shown
    changes = {name: getattr(arguments, name) for name in ("windows", "crops") if getattr(arguments, name) is not None}
    input_view = dataclasses.replace(input_view, view=dataclasses.replace(input_view.view, **changes))
    dataset = open_dataset(arguments.data)
    rows = np.flatnonzero(dataset.clips()["frames"].to_numpy() > 0)
    clips = dataset.clips().take(np.resize(rows, arguments.videos))
    embed = (getattr(features, "Embedder", None) or features.graph_of)(encoder, input_view.modality)  # type: ignore[attr-defined]
    size = features.BATCH_CLIPS
    counts = [len(places) for _, places in clip_windows(dataset, clips, input_view)]
    some = clip_windows(dataset, clips, input_view).map(lambda windows, places: windows).unbatch().batch(size)
    batch = next(iter(some.take(1)))

    def decode() -> None:
        for _ in clip_windows(dataset, clips, input_view).prefetch(1):
            pass

    def network() -> None:
        for _ in range(-(-sum(counts) // size)):
            embed(batch).numpy()

    def both() -> None:
        features.window_features([embed], dataset, clips, input_view, lambda done=1, note="": None)

    tf.get_logger().setLevel("ERROR")
    return {"decode": decode, "network": network, "features": both}


def summarise(readings: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Fastest and median turn of each part, and what the features cost of the sum of the two others."""
    results: dict[str, Any] = {}
    for kind in ("seconds", "cpu_seconds"):
        values = {part: [turn[kind] for turn in turns] for part, turns in readings.items()}
        results[kind] = {part: {"best": min(each), "median": statistics.median(each)} for part, each in values.items()}
        both = zip(values["decode"], values["network"], values["features"], strict=True)
        sums = min(values["decode"]) + min(values["network"])
        ratios = [features / (decode + network) for decode, network, features in both]
        results[kind]["of_the_sum"] = {
            "best": min(values["features"]) / sums,
            "median": statistics.median(ratios),
        }
    return results


def table(results: dict[str, Any]) -> str:
    """The results for people."""
    lines = [results["machine"], f"{'':24}" + "".join(f"{part:>18}" for part in (*PARTS, "of the sum"))]
    for name in ("this", "other"):
        for kind in results.get(name, ()):
            cells = [results[name][kind][part] for part in (*PARTS, "of_the_sum")]
            numbers = "".join(f"{each['best']:9.2f} {each['median']:8.2f}" for each in cells)
            lines.append(f"{name + ', ' + kind:24}{numbers}")
    return "\n".join([*lines, "best and median turn"])


if __name__ == "__main__":
    main()
