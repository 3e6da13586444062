"""Damaged clips of a run: named when they are first met, and the end of a run that has too many of them."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf.config import Config
from brave_tf.data import sampling
from brave_tf.data.damage import NAMED, REMEDY, DamagedClip, listed, nothing_usable
from brave_tf.data.pipeline import pretraining_dataset
from brave_tf.data.training_clips import TrainingClips
from brave_tf.errors import UserError
from brave_tf.method.step_function import finished_steps
from brave_tf.progress import warn
from brave_tf.runs.directory import write_diagnosis
from brave_tf.runs.metrics import DAMAGED, DAMAGED_COUNT, damage_until
from brave_tf.storage import as_path
from brave_tf.training.agreement import Agreement
from brave_tf.training.strategy import is_chief

TOO_MANY = "damaged clips"
"""Reason of the diagnosis."""
MET_BY_ANOTHER = "another worker could not use its copy"


class DamageWatch(keras.callbacks.Callback):
    """Names the clips that could not be used and were replaced; comes before `MetricsWriter` in the list.

    For batches of `pretraining_dataset` made of the same clips and experiment.

    It adds `damaged_clips` to the metrics of every step, how many were met so far; and to those of a step that met new
    ones `damaged`, which names them. Raises `UserError` from `on_train_batch_end`, before anything of the step is
    saved, if the share of damaged clips is above `monitor.damaged_share`, and leaves `diagnosis.json`.

    Args:
        clips: what the run trains on.
        config: the experiment.
        run: the run directory, which tells what was met before, and for the diagnosis; None does without.
        command: the command that repeats the run, for the diagnosis.
    """

    def __init__(self, clips: TrainingClips, config: Config, run: str | Path | None = None, command: str = ""):
        super().__init__()
        self._clips = clips
        self._config = config
        self._run = None if run is None else as_path(run)
        self._command = command
        self._finder = clips.damage_finder()
        self._met: dict[int, DamagedClip] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Remembers what the run met before the step that it goes on from."""
        self._writes = is_chief(self.model.distribute_strategy)
        self._agreement = Agreement(self.model.distribute_strategy)
        before: list[dict[str, Any]] = []
        if self._writes and self._run is not None:
            before = damage_until(self._run, finished_steps(self.model))
        self._met = {entry["row"]: DamagedClip(**entry) for entry in before}
        for row in self._agreement.union(self._met) - self._met.keys():
            self._met[row] = self._finder.clip(row, MET_BY_ANOTHER)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks which clips were replaced in the batches of the step."""
        new = self._rows(self.model.train_function.draws()) - self._met.keys()
        if self._agreement.any(bool(new)):
            self._meet(new, {} if logs is None else logs)
        if logs is not None:
            logs[DAMAGED_COUNT] = len(self._met)

    def _rows(self, draws: np.ndarray) -> set[int]:
        """The rows of all clips that were passed over on the way to these draws."""
        late = draws[draws >= sampling.STAND_IN]
        rows = (sampling.rows_before(int(draw), self._clips.count, self._config.seed) for draw in late)
        return {row for several in rows for row in several}

    def _meet(self, mine: set[int], logs: dict[str, Any]) -> None:
        new = []
        for row in sorted(self._agreement.union(mine)):
            # Each worker reads its own copy of the data, which may be whole.
            new.append(self._finder.clip(row) if row in mine else self._finder.clip(row, MET_BY_ANOTHER))
            self._met[row] = new[-1]
        logs[DAMAGED] = [dataclasses.asdict(clip) for clip in new]
        if self._writes:
            self._say(new)
        if len(self._met) > self._config.monitor.damaged_share * self._clips.count:
            self._stop()

    def _say(self, new: list[DamagedClip]) -> None:
        for number, clip in enumerate(new, start=len(self._met) - len(new)):
            if number < NAMED:
                warn(f"damaged and replaced by another: {clip}")
            elif number == NAMED:
                warn("more clips are damaged; metrics.jsonl names all of them")

    def _stop(self) -> None:
        share, count = self._config.monitor.damaged_share, len(self._met)
        what = f"{count:,} of {self._clips.count:,} clips {'is' if count == 1 else 'are'} damaged"
        limit = f"more than monitor.damaged_share={share:g} of them" if share else "where --strict allows none"
        step = finished_steps(self.model)
        message = f"{what}, {limit}, at step {step}; {REMEDY}, or allow more: {listed(list(self._met.values()))}"
        if self._writes and self._run is not None:
            diagnosis = {
                "step": step,
                "reason": TOO_MANY,
                "message": message,
                "clip_ids": [clip.clip_id for clip in self._met.values()],
                DAMAGED: [dataclasses.asdict(clip) for clip in self._met.values()],
                "command": self._command,
                "metrics": {DAMAGED_COUNT: count},
            }
            write_diagnosis(self._run, diagnosis)
        raise UserError(message)


def check_usable(clips: TrainingClips, config: Config, first_step: int) -> None:
    """Raises `UserError` if no clip that is drawn for a run's first example can be used.

    The input would look for one without end.
    """
    finder = clips.damage_finder()
    rows: list[int] = []
    for draw in map(int, sampling.draws(first_step * config.batch_size)):
        row = sampling.row_of(draw, clips.count, config.seed)
        if finder.is_usable(row):
            return
        rows.append(row)
    raise nothing_usable([finder.clip(row) for row in dict.fromkeys(rows)])


def input_that_is_not_finite(clips: TrainingClips, config: Config, step: int) -> list[str]:
    """Which clips of a step's batch have views that are not finite: a line for each, none if all are finite.

    The batch is made again, which (seed, step) allows.
    """
    alone = tf.distribute.OneDeviceStrategy("/cpu:0")
    batch = next(iter(pretraining_dataset(clips, config, first_step=step - 1, strategy=alone)))
    finder = clips.damage_finder()
    lines = []
    for place, draw in enumerate(batch["draw"].numpy()):
        wrong = [name for name, values in _floats(batch) if not np.isfinite(values[place]).all()]
        if wrong:
            row = sampling.row_of(int(draw), clips.count, config.seed)
            lines.append(str(finder.named(row, f"not finite in {' and '.join(wrong)}")))
    return lines


def _floats(batch: dict[str, Any]) -> Iterable[tuple[str, np.ndarray]]:
    for name, value in {"narrow": batch["narrow"], **batch["broad"]}.items():
        if value.dtype.is_floating:
            yield name, value.numpy()
