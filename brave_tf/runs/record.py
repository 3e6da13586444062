"""What a run directory tells of its run, finished or not, read without TensorFlow."""

import dataclasses
import datetime
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from brave_tf.errors import UserError
from brave_tf.runs.directory import earlier_steps, is_of
from brave_tf.runs.json_files import damaged, read_object
from brave_tf.runs.metrics import is_step, named_damage, read_metrics
from brave_tf.runs.paths import CONFIG_FILE, DIAGNOSIS_FILE, METRICS_FILE, SUMMARY_FILE
from brave_tf.runs.ranking import CheckpointRanking
from brave_tf.storage import as_path


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """The record of one pre-training run.

    Attributes:
        path: the run directory.
        name: the preset.
        steps: how many optimizer steps the run is meant to have.
        config: the configuration as plain values; keys may be missing or unknown if another version wrote it.
        data: fingerprints of the datasets.
        lines: what was logged, by rising `step`, at least one line; of a stopped run the last is that of the stop.
        damaged_lines: lines in between that could not be read.
        logged_at: when the last line was written; None if the run was stopped before its first.
        summary: what the finished run came to, or None; None too while a finished run is made longer.
        diagnosis: why the run was stopped, the last time that it was, or None.
        earlier_steps: how many steps it was meant to have before, the first number first.
        ranking: its kept checkpoints, compared; None if nobody asked for that.
    """

    path: Path
    name: str
    steps: int
    config: Mapping[str, Any]
    data: Sequence[str]
    lines: Sequence[Mapping[str, Any]]
    damaged_lines: int
    logged_at: datetime.datetime | None
    summary: Mapping[str, Any] | None
    diagnosis: Mapping[str, Any] | None
    earlier_steps: Sequence[int] = ()
    ranking: CheckpointRanking | None = None

    @property
    def step(self) -> int:
        """The last step that was logged."""
        return int(self.lines[-1]["step"])

    @property
    def state(self) -> Literal["finished", "stopped", "unfinished"]:
        """How far the run is; a stop that it has gone on from does not count."""
        if self.summary is not None:
            return "finished"
        return "stopped" if self.diagnosis is not None and self.diagnosis["step"] >= self.step else "unfinished"

    @property
    def damaged(self) -> list[dict[str, Any]]:
        """The damaged clips that were met, each once, as `brave_tf.runs.metrics.named_damage` returns them."""
        at_the_stop = [self.diagnosis or {}] if self.state == "stopped" else []
        return list({entry["row"]: entry for entry in named_damage([*self.lines, *at_the_stop])}.values())

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, with `state` and `step`; the ranking by its own `as_dict`."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        ranking = None if self.ranking is None else self.ranking.as_dict()
        return {**values, "path": str(self.path), "ranking": ranking, "state": self.state, "step": self.step}

    def setting(self, key: str) -> Any:
        """A value of the configuration by its dotted key, such as `monitor.collapse_spread`; None if it is absent."""
        place: Any = self.config
        for part in key.split("."):
            place = place.get(part) if isinstance(place, Mapping) else None
        return place

    def series(self, key: str) -> tuple[list[int], list[float]]:
        """Steps and values of a metric, NaN and infinity among them, on the lines that have a number for it."""
        points = [(int(line["step"]), number(line.get(key))) for line in self.lines]
        known = [(step, value) for step, value in points if value is not None]
        return [step for step, _ in known], [value for _, value in known]

    def latest(self, key: str) -> float | None:
        """The last value of a metric; None if it was never logged."""
        _, values = self.series(key)
        return values[-1] if values else None


def number(value: Any) -> float | None:
    """A number of a JSON file, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def read_run(path: str | os.PathLike[str]) -> RunRecord:
    """Reads the record of a run, which may be going on at that moment.

    Args:
        path: the run directory.

    Raises:
        UserError: it is not a run directory, one of its files is damaged, or nothing has been logged yet.
    """
    path = as_path(path)
    if not (path / CONFIG_FILE).is_file():
        why = f"holds no {CONFIG_FILE}" if path.is_dir() else "is a file" if path.exists() else "does not exist"
        raise UserError(f"{path} {why}; expected a run directory, such as `brave-tf pretrain PRESET --run` makes")
    name, steps, settings, data = _config(path / CONFIG_FILE)
    summary = read_object(path / SUMMARY_FILE) if (path / SUMMARY_FILE).is_file() else None
    if summary is not None and not is_of(summary, steps):
        summary = None
    diagnosis = _diagnosis(path / DIAGNOSIS_FILE) if (path / DIAGNOSIS_FILE).is_file() else None
    metrics = read_metrics(path)
    lines = list(metrics.lines)
    if diagnosis is not None and diagnosis["step"] > (lines[-1]["step"] if lines else -1):
        lines.append({**diagnosis["metrics"], "step": diagnosis["step"]})
    if not lines:
        every = number(settings.get("log_every"))
        rate = f", as one is written every {every:.0f} steps" if every else ""
        raise UserError(
            f"{path / METRICS_FILE} holds no line yet; expected a run that has logged{rate}; try again later"
        )
    return RunRecord(
        path=path,
        name=name,
        steps=steps,
        config=settings,
        data=data,
        lines=lines,
        damaged_lines=metrics.damaged_lines,
        logged_at=metrics.logged_at,
        summary=summary,
        diagnosis=diagnosis,
        earlier_steps=earlier_steps(path),
    )


def _config(path: Path) -> tuple[str, int, dict[str, Any], list[str]]:
    record = read_object(path)
    settings = record.get("config")
    if not isinstance(settings, dict):
        raise damaged(path, "it has no config")
    name, steps = settings.get("name"), settings.get("steps")
    if not isinstance(name, str) or not is_step(steps) or steps == 0:
        raise damaged(path, f"received name {name!r} and steps {steps!r}")
    data = record.get("data")
    return name, int(steps or 0), settings, [str(each) for each in data] if isinstance(data, list) else []


def _diagnosis(path: Path) -> dict[str, Any]:
    diagnosis = read_object(path)
    if not is_step(diagnosis.get("step")):
        raise damaged(path, f"received step {diagnosis.get('step')!r}")
    kinds = {"metrics": dict, "clip_ids": list}
    return diagnosis | {
        key: diagnosis[key] if isinstance(diagnosis.get(key), kind) else kind() for key, kind in kinds.items()
    }
