"""The paper's comparisons, and changes of one setting at a time, at a scale of minutes: what the documents report.

    python benchmarks/small_scale.py OUT                          all of the generated world, in some hours
    python benchmarks/small_scale.py OUT world-table1 sweep       some of it
    python benchmarks/small_scale.py OUT --grid MOUTHS grid-table1    on crops of mouths, as examples/lips.py makes them

It makes the world and the datasets that are asked for. Then it runs `brave-tf ablate` for every table, whose command it
prints, and a training for every change and seed of the sweep. What is finished is not done again. On a machine with
cores to spare, start it twice with different names, after the first has made the data. docs/ablations.md and
docs/training-small.md have the results.
"""

import argparse
import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import brave_tf
from brave_tf import presets
from brave_tf.ablation.results import mean_interval
from brave_tf.ablation.run import train
from brave_tf.cli import main as cli
from brave_tf.config.values import override
from brave_tf.config.words import ProtocolName, TableName
from brave_tf.demo import CLIP_SIZE, CLIPS_PER_MOTION
from brave_tf.demo.world import LIST_FILE, write_list, write_world
from brave_tf.files import write_json
from brave_tf.runs.record import read_run

SEEDS = 3
FLOW_STRIDE = 8
CLIP_SECONDS = 10.0
"""The paper's longest view; clips of `make demo` are shorter."""

WORLD = (
    *("narrow.size=40", "narrow.augment.color=0", "narrow.augment.blur=0", "model.narrow.depth=14"),
    *("evaluation.size=40", "evaluation.shorter_side=46", "evaluation.crops=1"),
)
"""What `make demo` sets, too."""
SIXTH = (
    "optimizer.peak_learning_rate=1.2",
    *(f"{view}.{name}" for view in ("narrow", "evaluation") for name in ("frames=5", "step=6")),
)
"""Motion is learned from every sixth frame, five of which are 1.2 s."""
WORLD_RGB = (
    *(*WORLD, "broad.rgb.size=40", "broad.rgb.augment.color=0", "broad.rgb.augment.blur=0"),
    "broad.rgb.augment.random_convolution=0",
)
FIVE_SECONDS = ("narrow.step=4", "evaluation.step=4", "broad.rgb.frames=8", "broad.rgb.step=16")
"""Of the broad view, and 1.3 of the narrow one."""
RGB_OR_FLOW = (
    *(*WORLD, *FIVE_SECONDS, "broad.rgb.size=40", "broad.rgb.augment.color=0", "broad.rgb.augment.blur=0"),
    *("broad.flow.frames=8", "broad.flow.step=16", "broad.flow.size=40"),
)

GRID = (
    *("narrow.size=32", "narrow.augment.crop_area=0.7,1.0", "narrow.augment.crop_aspect=0.9,1.1"),
    *("narrow.augment.color=0", "narrow.augment.blur=0", "model.narrow.depth=14"),
    *("evaluation.size=32", "evaluation.shorter_side=36", "evaluation.windows=6", "evaluation.crops=1"),
)
GRID_RGB = (
    *(*GRID, "broad.rgb.size=32", "broad.rgb.augment.color=0", "broad.rgb.augment.blur=0"),
    *("broad.rgb.augment.crop_area=0.7,1.0", "broad.rgb.augment.crop_aspect=0.9,1.1"),
)
SHORT = ("narrow.step=2", "evaluation.step=2")
"""Eight frames of 0.64 s."""
EXTENTS = (0.64, 1.28, 1.92)
"""Seconds that stand for 1.3, 5 and 10 where a sentence takes 2.24."""
AUDIO_ROWS = tuple(f"narrow1.3-broad{seconds}-audio" for seconds in ("1.3", "5", "10"))
RGB_ROWS = ("narrow10-broad10-rgb", *(f"narrow1.3-broad{seconds}-rgb" for seconds in ("1.3", "5", "10")))


@dataclasses.dataclass(frozen=True)
class Table:
    """How one table is run; `label` is what the encoders are asked for."""

    data: str
    table: TableName
    label: str
    settings: Sequence[str]
    steps: int = 400
    rows: Sequence[str] = ()
    extents: tuple[float, float, float] = (1.3, 5.0, 10.0)
    protocol: ProtocolName = "linear"


def _grid(table: TableName, settings: Sequence[str], **others: Any) -> Table:
    return Table("grid", table, "colour", settings, protocol="ridge", **others)


THING, MOTION = "theme", "label"
NO_CONVOLUTION = "broad.rgb.augment.random_convolution=0"
TABLES = {
    "world-collapse": Table("world", "collapse", THING, (*WORLD_RGB, *FIVE_SECONDS)),
    "world-table1": Table("world", "table1", THING, WORLD_RGB, rows=RGB_ROWS),
    "world-table1-audio": Table("world", "table1", MOTION, (*WORLD, *SIXTH), steps=800, rows=AUDIO_ROWS),
    "world-table2": Table("world-flow", "table2", THING, RGB_OR_FLOW),
    "world-table3": Table("world", "table3", THING, (*WORLD_RGB, *FIVE_SECONDS)),
    "world-table4": Table("world", "table4", THING, (*WORLD_RGB, *FIVE_SECONDS)),
    "grid-collapse": _grid("collapse", (*GRID_RGB, *SHORT, "broad.rgb.step=2")),
    "grid-table1": _grid("table1", (*GRID_RGB, NO_CONVOLUTION), rows=RGB_ROWS, extents=EXTENTS),
    "grid-table1-audio": _grid("table1", GRID, steps=800, rows=AUDIO_ROWS, extents=EXTENTS),
    "grid-table2": dataclasses.replace(
        _grid(
            "table2",
            (*GRID_RGB, *SHORT, "broad.rgb.step=2", "broad.flow.size=32", "broad.flow.frames=4", "broad.flow.step=8"),
        ),
        data="grid-flow",
    ),
    "grid-table3": _grid("table3", (*GRID_RGB, *SHORT, NO_CONVOLUTION, "broad.rgb.step=2")),
    "grid-table4": _grid("table4", (*GRID_RGB, *SHORT, NO_CONVOLUTION, "broad.rgb.step=2")),
}

CHANGES = {
    "as it is": (),
    "learning rate 0.3": ("optimizer.peak_learning_rate=0.3",),
    "learning rate 1.2": ("optimizer.peak_learning_rate=1.2",),
    "factor on predictors 10": ("optimizer.predictor_multiplier=10",),
    "warm-up of 150 steps": ("optimizer.warmup_steps=150",),
    "200 steps of 32 clips": ("batch_size=32", "steps=200"),
    "projections of 256": ("model.projection_size=256",),
    "projections of 16": ("model.projection_size=16",),
    "networks twice as wide": ("model.narrow.width=0.5", "model.rgb.width=0.5"),
    "4 micro-batches": ("micro_batches=4",),
}
"""One setting at a time of V<->V on the world, from 400 steps of 16 clips."""
MEASURES = ("loss", "effective_rank_narrow_for_rgb", "effective_rank_rgb")
SWEEP = "sweep"
SWEEP_SETTINGS = ("steps=400", "monitor.probe_every=0", *WORLD_RGB, *FIVE_SECONDS)


def main() -> None:
    names = [*(name for name in TABLES if name.startswith("world")), SWEEP]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder of data and results")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join([*TABLES, SWEEP])}")
    parser.add_argument("--grid", type=Path, help="folder of mouths with labels.csv")
    arguments = parser.parse_args()
    asked = arguments.names or names
    unknown = [name for name in asked if name not in (*TABLES, SWEEP)]
    if unknown:
        parser.error(f"received {', '.join(unknown)}; expected some of: {', '.join([*TABLES, SWEEP])}")
    for name in asked:
        data = make_data(arguments.out, "world" if name == SWEEP else TABLES[name].data, arguments.grid)
        if name == SWEEP:
            print(told_sweep(sweep(data, arguments.out / SWEEP)), flush=True)
        else:
            run_table(TABLES[name], data, arguments.out / name)


def make_data(out: Path, name: str, grid: Path | None) -> Path:
    """The dataset of a name, which is made if it is not there."""
    dataset = out / name
    if (dataset / "dataset.json").is_file():
        return dataset
    flow = {"flow": True, "flow_size": 40, "flow_stride": FLOW_STRIDE} if name.endswith("-flow") else {}
    if name.startswith("grid"):
        if grid is None:
            raise SystemExit("received no --grid; expected the folder of mouths")
        source = grid / "labels.csv"
    else:
        media = out / "media"
        source = media / LIST_FILE
        if not source.is_file():
            write_list(
                media,
                write_world(media, clips_per_motion=CLIPS_PER_MOTION, seconds=CLIP_SECONDS, size=CLIP_SIZE, seed=0),
            )
    brave_tf.prepare(source, dataset, **cast(Any, flow))
    return dataset


def run_table(table: Table, data: Path, out: Path) -> None:
    words = ["ablate", table.table, "--data", str(data), "--out", str(out), "--seeds", str(SEEDS)]
    words += ["--steps", str(table.steps), "--label", table.label, "--protocol", table.protocol]
    words += [*(["--rows", *table.rows] if table.rows else []), "--extents", *map(str, table.extents)]
    words += ["--set", *table.settings]
    print(shlex.join(["brave-tf", *words]), flush=True)
    status = cli.main(words)
    if status:
        raise SystemExit(status)


def sweep(data: Path, out: Path) -> dict[str, Any]:
    """Scores, last losses and ranks of every change, seed by seed."""
    results: dict[str, dict[str, Any]] = {change: {} for change in CHANGES}
    for seed in range(SEEDS):
        for change, settings in CHANGES.items():
            folder = out / change.replace(" ", "-") / f"seed-{seed}"
            result = folder / "result.json"
            if not result.is_file():
                write_json(result, one_change([*SWEEP_SETTINGS, *settings, f"seed={seed}"], data, folder, out))
            results[change][str(seed)] = json.loads(result.read_text(encoding="utf-8"))
            write_json(out / "sweep.json", results)
    return results


def one_change(settings: Sequence[str], data: Path, folder: Path, out: Path) -> dict[str, Any]:
    collapsed_at = train(override(presets.get("tiny-v"), settings), data, folder / "run")
    if collapsed_at is not None:
        return {"score": None, "collapsed_at": collapsed_at}
    report = brave_tf.evaluate(folder / "run", data, folder / "evaluation", label=THING, cache=out / "features")
    record = read_run(folder / "run")
    told = {"score": report["mean"], "random_init": report["random_init"]}
    return told | {name: record.latest(name) for name in MEASURES}


def told_sweep(results: dict[str, Any]) -> str:
    lines = [f"## {SWEEP}"]
    base = results["as it is"]
    for change, seeds in results.items():
        known = {seed: each for seed, each in seeds.items() if each["score"] is not None}
        scores = [each["score"] for each in known.values()]
        gains = [each["score"] - base[seed]["score"] for seed, each in known.items() if base[seed]["score"] is not None]
        told = [f"{change:24} {percent(mean(scores), mean_interval(scores))}", *map(percent, scores)]
        told += [f"difference {percent(mean(gains), mean_interval(gains))}"]
        told += [f"{key} {' '.join(f'{each[key]:.2f}' for each in known.values())}" for key in MEASURES if known]
        lines.append("; ".join(told))
    return "\n".join(lines)


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def percent(value: float | None, interval: Sequence[float] | None = None) -> str:
    if value is None:
        return "-"
    bounds = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return f"{100 * value:.1f}{bounds}"


if __name__ == "__main__":
    main()
