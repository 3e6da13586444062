"""Clips per second of the input pipeline, beside what decoding and resizing the same crops takes.

    python benchmarks/input.py                          a table, and the same as JSON with --json
    python benchmarks/input.py --against OTHER/.venv/bin/python    this library and another version, in turns

It writes its own records and needs no data. Whatever is measured is measured in many short turns, one after the other;
the fastest and the median turn are given. The processor's seconds for each clip change least where others use the
machine too.
"""

import argparse
import contextlib
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

PRESETS = {
    "v-v": "v-v-tsm50-k600",
    "v-a": "v-a-tsm50-audioset",
    "v-vvv": "v-vvv-tsm50-k600",
    "v-fa": "v-fa-tsm50-audioset",
}
LIMITED = ("v-v", "v-a", "v-vvv")
"""Those whose views are all JPEG, which the limits decode."""
CLIPS, BATCH, EXAMPLES = 16, 4, 128
BROAD_SIZE = 128
"""Of the small frames that `v-v/small` cuts broad views from."""
WARM_BATCHES = 4
"""Batches before a turn: more than a paused pipeline holds ready."""
LEAST_SECONDS = 2.0
"""How long a turn takes, and one more batch."""

Take = Callable[[], Any]
"""Makes the next batch of `BATCH` clips."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--turns", type=int, default=5, help="turns of each measurement")
    parser.add_argument("--against", help="Python with another version of the library, to measure in turns with this")
    parser.add_argument("--set", nargs="*", default=[], help="settings of this version's experiments, key=value")
    parser.add_argument("--only", nargs="*", default=[], help="measurements to take, such as v-v/device")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(Path(arguments.serve), arguments.set)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        versions = {"this": stack.enter_context(Version(sys.executable, folder, arguments.set))}
        if arguments.against:
            versions["other"] = stack.enter_context(Version(arguments.against, folder, []))
        results = measure(versions, arguments.turns, arguments.only)
    print(json.dumps(results, indent=1) if arguments.json else table(results))


def measure(versions: "dict[str, Version]", turns: int, only: list[str]) -> dict[str, Any]:
    """All measurements of all versions, turn by turn, in the form of `--json`."""
    names = only or [
        *(f"{views}/{place}" for views in PRESETS for place in ("device", "host")),
        "v-v/small",
        *(f"{limit}/{views}" for limit in ("limit_decode", "limit_decode_resize") for views in LIMITED),
    ]
    results: dict[str, Any] = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    for name in names:
        # What limits the pipeline does not depend on the version, and small frames are new.
        alone = name.startswith("limit") or name.endswith("/small")
        measured = {key: version for key, version in versions.items() if key == "this" or not alone}
        readings: dict[str, list[tuple[float, float]]] = {key: [] for key in measured}
        for _ in range(turns):
            for key, version in measured.items():
                readings[key].append(version.turn(name))
        for key, pairs in readings.items():
            tree = results.setdefault("other", {}) if key == "other" else results
            first, second = name.split("/")
            tree.setdefault(first, {})[second] = summarise(pairs)
    return results


def summarise(readings: list[tuple[float, float]]) -> dict[str, float]:
    speeds, costs = zip(*readings, strict=True)
    return {
        "clips_per_second": round(max(speeds), 2),
        "clips_per_second_median": round(statistics.median(speeds), 2),
        "cpu_seconds_per_clip": round(min(costs), 5),
        "cpu_seconds_per_clip_median": round(statistics.median(costs), 5),
    }


def table(results: dict[str, Any]) -> str:
    lines = [results["machine"], f"{'':28}{'clips/s':>10}{'median':>10}{'CPU ms/clip':>14}{'median':>10}"]
    for version, tree in (("", results), ("other: ", results.get("other", {}))):
        for first in [key for key in tree if key not in ("machine", "other")]:
            for second, row in tree[first].items():
                costs = (1000 * row[key] for key in ("cpu_seconds_per_clip", "cpu_seconds_per_clip_median"))
                speeds = (row[key] for key in ("clips_per_second", "clips_per_second_median"))
                best, median, cost, median_cost = (*speeds, *costs)
                name = f"{version}{first} {second}"
                lines.append(f"{name:28}{best:10.1f}{median:10.1f}{cost:14.1f}{median_cost:10.1f}")
    return "\n".join(lines)


class Version:
    """A process with one version of the library, which takes a turn of a measurement when it is sent its name."""

    def __init__(self, python: str, folder: str, settings: list[str]):
        command = [python, __file__, "--serve", folder, "--set", *settings]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Version":
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.terminate()
        self._process.wait()

    def turn(self, name: str) -> tuple[float, float]:
        """Clips per second, and processor seconds for each clip, of one turn."""
        with contextlib.suppress(BrokenPipeError):
            print(name, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            sys.exit(f"measuring {name} failed; its error is above")
        speed, cost = json.loads(line)
        return float(speed), float(cost)


def serve(folder: Path, settings: list[str]) -> None:
    """Takes a turn for each name that comes in, until there is none."""
    from synthetic_clips import write_clips

    takes: dict[str, Take] = {}
    for name in map(str.strip, sys.stdin):
        # The first turn of all is taken alone.
        kind = "small" if name.endswith("/small") else "flow" if name.startswith("v-fa") else "full"
        data = folder / kind
        if not data.exists():
            write_clips(data, CLIPS, BROAD_SIZE if kind == "small" else None, flow=kind == "flow")
        if name not in takes:
            takes = {name: make(name, data, settings)}
        print(json.dumps(turn(takes[name])), flush=True)


def turn(take: Take) -> tuple[float, float]:
    for _ in range(WARM_BATCHES):
        take()
    clips, began, processor = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < LEAST_SECONDS:
        take()
        clips += BATCH
    return clips / (time.perf_counter() - began), (time.process_time() - processor) / clips


def make(name: str, folder: Path, settings: list[str]) -> Take:
    """What a measurement takes its batches from."""
    from brave_tf import presets
    from brave_tf.data import pretraining_dataset

    try:
        from brave_tf.config.values import override
    except ImportError:  # Where earlier versions have it.
        from brave_tf.config_values import override

    first, second = name.split("/")
    changes = [f"batch_size={BATCH}", *settings]
    if first in PRESETS:
        changes.append("broad.rgb.decode=small" if second == "small" else f"data.augment_on={second}")
        batches = iter(pretraining_dataset(str(folder), override(presets.get(PRESETS[first]), changes)))
    else:
        config = override(presets.get(PRESETS[second]), changes)
        batches = iter(limit(folder, config, resize=first == "limit_decode_resize"))
    return lambda: next(batches)


def limit(folder: Path, config: Any, *, resize: bool) -> Any:
    """Decoding the crops of the experiment's first examples, and resizing them to uint8, and nothing else."""
    import tensorflow as tf

    frames, places = _crops(folder, config)
    views = [config.narrow, *(view for view in config.broad.visual.values() for _ in range(view.views))]

    def pixels(encoded: Any, window: Any, size: int) -> Any:
        def picture(jpeg: Any) -> Any:
            return tf.image.decode_and_crop_jpeg(jpeg, window, channels=3)

        decoded = tf.map_fn(picture, encoded, fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8))
        return tf.cast(tf.round(tf.image.resize(decoded, [size, size])), tf.uint8) if resize else tf.size(decoded)

    def element(row: Any, crops: Any) -> Any:
        pairs = zip(crops, views, strict=True)
        return tuple(pixels(tf.gather(frames[row], numbers), window, view.size) for (numbers, window), view in pairs)

    return places.repeat().map(element, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(2)


def _crops(folder: Path, config: Any) -> tuple[Any, Any]:
    """The JPEGs of all clips, [CLIPS, F], and for each example its clip, and frames and window of every view."""
    import tensorflow as tf

    from brave_tf.data import records, sampling
    from brave_tf.data.placement import place_views, window
    from brave_tf.data.training_clips import TrainingClips

    reader = TrainingClips.open(str(folder), config).table.reader()
    parsed = [records.parse(reader(tf.constant(row, tf.int64))[0]) for row in range(CLIPS)]

    def place(example: Any) -> Any:
        row = sampling.shuffled_row(example, CLIPS, config.seed)
        # All clips are equally long and of one size.
        placed = place_views(parsed[0], sampling.example_seed(config.seed, example), config)
        views = [(placed.narrow, config.narrow)]
        views += [(each, config.broad.visual[name]) for name, several in placed.broad.items() for each in several]
        height, width, _ = tf.unstack(tf.io.extract_jpeg_shape(parsed[0]["frames"][0]))
        return row, tuple((each.frames, window(each, height, width, view)) for each, view in views)

    places = tf.data.Dataset.range(EXAMPLES).map(place).cache()
    return tf.stack([record["frames"] for record in parsed]), places


if __name__ == "__main__":
    main()
