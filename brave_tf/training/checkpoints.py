"""Checkpoints of a run: whole or absent, the newest few, read back with a look at every byte."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.errors import UserError, reason_of
from brave_tf.method.brave import build_optimizer
from brave_tf.method.step_function import finished_steps
from brave_tf.progress import note
from brave_tf.runs.paths import CHECKPOINT_CONTENT, CHECKPOINT_FOLDER, checkpoint_path, checkpoint_steps
from brave_tf.training.agreement import Agreement
from brave_tf.training.strategy import is_chief

_PARTIAL, _DAMAGED = ".partial-", "damaged-"


class Checkpoints:
    """Checkpoints of a model and its optimizer, in `RUN/checkpoints/step-N`.

    With several workers the chief alone reads and writes them; the others get their values from it.

    Args:
        run: the run directory.
        model: a compiled model; its optimizer is built if it is not yet.
        keep: newest checkpoints that are kept.

    Example:
        >>> checkpoints = Checkpoints("runs/first", model)
        >>> first_step = checkpoints.restore()
    """

    def __init__(self, run: str | Path, model: Any, keep: int = 3):
        strategy = model.distribute_strategy
        build_optimizer(model)
        self._run = Path(run)
        self._folder = self._run / CHECKPOINT_FOLDER
        self._keep = keep
        self._model = model
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._variables = [variable.value for variable in [*model.weights, *model.optimizer.variables]]
        self._content = tf.train.Checkpoint(variables=self._variables, step=self._step)
        self._writes = is_chief(strategy)
        self._agreement = Agreement(strategy)

    @property
    def step(self) -> int:
        """Finished steps of the model as it is."""
        return finished_steps(self._model)

    def steps(self) -> list[int]:
        """Steps of which there is a checkpoint, oldest first."""
        return checkpoint_steps(self._run)

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read, if there is any; returns the number of finished steps.

        One that is damaged is named in a warning and put aside.

        Raises:
            UserError: there are checkpoints, and none can be read.
        """
        failure = ""
        if self._writes:
            failure = self._restore_newest()
        if self._agreement.any(bool(failure)):
            raise UserError(failure or "the first worker cannot read its checkpoints")
        self._agreement.follow_chief(self._variables)
        step = self._agreement.of_chief(int(self._step.numpy()))
        if hasattr(self._model, "counted_steps"):
            self._model.counted_steps = step
        return self.step

    def save(self) -> None:
        """Writes a checkpoint of the current step, unless there is one, and removes those that are too old.

        What a killed process left half written goes, too.

        Raises:
            UserError: it cannot be written; earlier checkpoints are as they were.
        """
        if not self._writes:
            return
        try:
            if self.step not in self.steps():
                self._write()
        except (OSError, tf.errors.OpError) as error:
            earlier = f"those up to step {max(self.steps())} are whole" if self.steps() else "there is none yet"
            raise UserError(
                f"no checkpoint of step {self.step} can be written to {self._folder} ({reason_of(error)}); {earlier}; "
                "free some space or change its permissions, then run the same command again"
            ) from error
        self._tidy()

    def _tidy(self) -> None:
        """Removes what is half written, and checkpoints that are too old: whole or absent, these too."""
        self._remove_leftovers()
        for step in self.steps()[: -self._keep]:
            os.replace(self._path(step), self._folder / f"{_PARTIAL}{step}")
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        for leftover in self._folder.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover)

    def _path(self, step: int) -> Path:
        return checkpoint_path(self._run, step)

    def _write(self) -> None:
        self._step.assign(self.step)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()
        partial = self._folder / f"{_PARTIAL}{self.step}"
        try:
            self._content.write(str(partial / CHECKPOINT_CONTENT))
            for path in [*partial.iterdir(), partial]:
                _to_disk(path)
            os.replace(partial, self._path(self.step))
            _to_disk(self._folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _restore_newest(self) -> str:
        """Restores what can be restored; returns what is wrong if nothing can."""
        problems = []
        for step in reversed(self.steps()):
            try:
                self._content.read(str(self._path(step) / CHECKPOINT_CONTENT)).assert_consumed()
            # What TensorFlow raises depends on which byte is wrong: OpError, IndexError, DecodeError, ...
            except Exception as error:
                problems.append(f"{self._path(step)} is damaged ({reason_of(error)})")
                continue
            for problem in problems:
                note(f"warning: {problem}; going on from step {step}")
            self._put_aside([newer for newer in self.steps() if newer > step])
            return ""
        return "; ".join(problems) + "; remove them to begin the run anew" if problems else ""

    def _put_aside(self, steps: Sequence[int]) -> None:
        for step in steps:
            aside = self._path(step).with_name(f"{_DAMAGED}{step:08d}")
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(self._path(step), aside)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
