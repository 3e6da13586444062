"""Checkpoints of a run: whole or absent, the newest few, read back with a look at every byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.errors import UserError, reason_of
from brave_tf.method.brave import build_optimizer
from brave_tf.method.step_function import finished_steps
from brave_tf.progress import warn
from brave_tf.storage import as_path
from brave_tf.training.agreement import Agreement
from brave_tf.training.checkpoint_folder import checkpoint_folder
from brave_tf.training.strategy import is_chief


class Checkpoints:
    """Checkpoints of a model and its optimizer, in `RUN/checkpoints/step-N`.

    With several workers the chief alone reads and writes them; the others get their values from it.

    Args:
        run: the run directory.
        model: a compiled model; its optimizer is built if it is not yet.
        keep: newest checkpoints that are kept.
        before_saving: called before a checkpoint is written, to write what has to be there with it, such as
            `MetricsWriter.flush`; none is written if it raises.

    Example:
        >>> checkpoints = Checkpoints("runs/first", model)
        >>> first_step = checkpoints.restore()
    """

    def __init__(self, run: str | Path, model: Any, keep: int = 3, before_saving: Callable[[], None] = lambda: None):
        strategy = model.distribute_strategy
        build_optimizer(model)
        self._folder = checkpoint_folder(as_path(run))
        self._keep = keep
        self._before_saving = before_saving
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
        return self._folder.steps()

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read, if there is any; returns the number of finished steps.

        One that is damaged is named in a warning and put aside.

        Raises:
            UserError: there are checkpoints, and none can be read.
        """
        failure = ""
        if self._writes:
            try:
                failure = self._restore_newest()
            except OSError as error:
                failure = (
                    f"the checkpoints in {self._folder} cannot be read ({reason_of(error)}); run the same command again"
                )
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
            UserError: it cannot be written, or an old one cannot be removed; earlier checkpoints are as they were.
        """
        if not self._writes:
            return
        earlier: list[int] = []
        try:
            earlier = self.steps()
            if self.step not in earlier:
                self._before_saving()
                self._step.assign(self.step)
                self._folder.write(self.step, self._content.write)
        except (OSError, tf.errors.OpError) as error:
            raise self._unwritable(error, earlier) from error
        try:
            for step in self.steps()[: -self._keep]:
                self._folder.remove(step)
            self._folder.tidy()
        except OSError as error:
            raise UserError(
                f"old checkpoints in {self._folder} cannot be removed ({reason_of(error)}); that of step {self.step} "
                "is whole; change the folder's permissions, then run the same command again"
            ) from error

    def _unwritable(self, error: Exception, earlier: list[int]) -> UserError:
        whole = f"those up to step {max(earlier)} are whole" if earlier else "there is none yet"
        return UserError(
            f"no checkpoint of step {self.step} can be written to {self._folder} ({reason_of(error)}); {whole}; "
            "free some space or change its permissions, then run the same command again"
        )

    def _restore_newest(self) -> str:
        """Restores what can be restored; returns what is wrong if nothing can."""
        problems = []
        for step in reversed(self.steps()):
            damage = self._restore(step)
            if damage:
                problems.append(f"{self._folder.place(step)} is damaged ({damage})")
                continue
            for problem in problems:
                warn(f"{problem}; going on from step {step}")
            for newer in self.steps():
                if newer > step:
                    self._folder.put_aside(newer)
            return ""
        return "; ".join(problems) + "; remove them to begin the run anew" if problems else ""

    def _restore(self, step: int) -> str:
        """Restores a checkpoint; returns what is wrong with it, if something is."""
        try:
            with self._folder.content(step) as content:
                return self._read(content)
        except FileNotFoundError as error:
            return reason_of(error)

    def _read(self, content: str) -> str:
        try:
            self._content.read(content).assert_consumed()
        # What TensorFlow raises depends on which byte is wrong: OpError, IndexError, DecodeError, ...
        except Exception as error:
            return reason_of(error)
        return ""
