"""Trains and scores every row of a comparison, by the library's own commands."""

import dataclasses
import shlex
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from brave_tf.ablation.results import summarise
from brave_tf.ablation.rows import EXTENTS, Row, missing_modalities, rows_of, why_left_out
from brave_tf.ablation.state import State
from brave_tf.commands import evaluate, pretrain
from brave_tf.config import SOURCE_FPS, Config
from brave_tf.config.values import override, to_dict
from brave_tf.config.words import ProtocolName, ScaleName, TableName
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES, NARROW, Modality
from brave_tf.pages import ablation as page
from brave_tf.pages.html import duration
from brave_tf.progress import note, warn
from brave_tf.runs.directory import remove_diagnosis
from brave_tf.runs.paths import DIAGNOSIS_FILE
from brave_tf.runs.record import read_run
from brave_tf.storage import is_remote
from brave_tf.training.guard import COLLAPSE

PAGE_FILE = "ablation.html"
UNWATCHED = "monitor.probe_every=0"
"""Each encoder is evaluated right after it was trained."""


def run_ablation(
    table: TableName,
    data: str | Path,
    out: str | Path,
    *,
    scale: ScaleName,
    seeds: int,
    names: Sequence[str],
    extents: tuple[float, float, float],
    label: str | None,
    protocol: ProtocolName,
    settings: Sequence[str],
) -> dict[str, Any]:
    """Does what `brave_tf.commands.ablate` documents; `settings` are all that change every row."""
    if seeds < 1:
        raise UserError(f"received seeds={seeds}; expected at least 1")
    if is_remote(out):
        raise UserError(f"received --out {out}; rows share features on this machine; expected a folder here")
    out = Path(out)
    dataset = open_dataset(data)
    rows = rows_of(table, scale, extents=extents, settings=[UNWATCHED, *settings], names=names)
    left_out = _left_out(rows, dataset)
    kept = [row for row in rows if row.name not in left_out]
    for name, reason in left_out.items():
        warn(f"{name} is left out: {reason}")
    if not kept:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UserError(f"{data} serves no row of {table}; expected it to serve one; {reasons}")
    state = State(
        out,
        {
            "table": table,
            "scale": scale,
            "data": dataset.fingerprint,
            "label": label,
            "protocol": protocol,
            "rows": {row.name: to_dict(row.config) for row in kept},
        },
    )
    words = ["brave-tf", "ablate", table, "--data", str(data), "--out", str(out), "--scale", scale]
    words += ["--seeds", str(seeds), *(["--rows", *names] if names else [])]
    words += ["--extents", *(f"{each:g}" for each in extents)] if extents != EXTENTS else []
    words += [] if label is None else ["--label", label]
    words += ["--protocol", protocol, *(["--set", *settings] if settings else [])]

    def save() -> dict[str, Any]:
        summary = {"table": table, "scale": scale, "rows": summarise(kept, state.results), "left_out": left_out}
        content = state.save(summary)
        page.write(out / PAGE_FILE, content, shlex.join(words))
        return content

    job = _Job(data, out, label, protocol)
    waiting = [(row, seed) for seed in range(seeds) for row in kept if state.result(row.name, seed) is None]
    seconds: list[float] = []
    for number, (row, seed) in enumerate(waiting):
        left = f", about {duration(statistics.fmean(seconds) * (len(waiting) - number))} left" if seconds else ""
        note(f"run {number + 1} of {len(waiting)}: {row.name}, seed {seed}{left}")
        began = time.monotonic()
        state.add(row.name, seed, job.do(row, seed))
        seconds.append(time.monotonic() - began)
        save()
    return save()


def run_folder(out: Path, row: str, seed: int) -> Path:
    """Where the run of a row and a seed is, `OUT/ROW/seed-K/run`; its evaluation lies beside it."""
    return out / row / f"seed-{seed}" / "run"


@dataclasses.dataclass(frozen=True)
class _Job:
    """What all runs have in common."""

    data: str | Path
    out: Path
    label: str | None
    protocol: ProtocolName

    def do(self, row: Row, seed: int) -> dict[str, Any]:
        """Trains and scores one row with one seed, or goes on with it."""
        run = run_folder(self.out, row.name, seed)
        # Traced graphs of the runs before would stay in memory.
        keras.backend.clear_session()
        collapsed_at = train(override(row.config, [f"seed={seed}"]), self.data, run)
        record = read_run(run)
        ranks = {key: record.latest(key) for line in record.lines for key in line if key.startswith("effective_rank_")}
        result = {
            "score": None,
            "random_init": None,
            "chance": None,
            "collapsed_at": collapsed_at,
            "effective_rank": min((rank for rank in ranks.values() if rank is not None), default=None),
        }
        if collapsed_at is not None:
            warn(f"{row.name}, seed {seed}: collapsed at step {collapsed_at}")
            return result
        report = evaluate(
            run,
            self.data,
            run.parent / "evaluation",
            protocol=self.protocol,
            label=self.label,
            seed=seed,
            cache=self.out / "features",
        )
        return result | {
            "score": report["mean"],
            "random_init": report["random_init"],
            "chance": report["chance"],
            "metric": report["metric"],
            "label": report["label"],
        }


def train(config: Config, data: str | Path, run: Path) -> int | None:
    """Trains, or goes on; returns the step at which the projections had collapsed, if they had."""
    # What is found below is then of this attempt.
    remove_diagnosis(run)
    try:
        pretrain(config, data, run)
    except UserError:
        diagnosis = read_run(run).diagnosis if (run / DIAGNOSIS_FILE).is_file() else None
        if diagnosis is None or diagnosis.get("reason") != COLLAPSE:
            raise
        return int(diagnosis["step"])
    return None


def _left_out(rows: Sequence[Row], dataset: Dataset) -> dict[str, str]:
    column = MODALITIES[NARROW].column
    frames = dataset.clips(columns=[column])[column].to_pylist()
    seconds = statistics.median(frames) / SOURCE_FPS if any(frames) else None
    held: dict[Modality, bool] = {
        modality: (dataset.audio_rate_hz if record.is_sound else dataset.picture_stride(modality)) is not None
        for modality, record in MODALITIES.items()
        if modality != NARROW
    }
    missing = missing_modalities(held)
    reasons = {row.name: why_left_out(row, seconds, missing) for row in rows}
    return {name: reason for name, reason in reasons.items() if reason is not None}
