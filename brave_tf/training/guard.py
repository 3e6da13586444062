"""Stops a run that learns nothing any more, and says why."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from brave_tf.config import MonitorConfig
from brave_tf.errors import UserError
from brave_tf.method.step_function import finished_steps
from brave_tf.runs.directory import remove_diagnosis, write_diagnosis
from brave_tf.storage import as_path
from brave_tf.training.strategy import is_chief

NON_FINITE, COLLAPSE = "non-finite loss", "collapse"
SPREAD_PREFIX = "spread_"
CLIPS_NAMED = 8


class HealthGuard(keras.callbacks.Callback):
    """Ends a run whose loss is no longer finite, or whose projections have collapsed; comes first in the list.

    Raises `UserError` from `on_train_batch_end`, before anything of the step is saved, and leaves `diagnosis.json`.

    Args:
        limits: what counts as collapsed.
        run: the run directory, for the diagnosis; None writes none.
        command: the command that repeats the run, for the message.
        look_at_input: from a step to a line for each clip whose input was not finite then, which tells bad input from a
            training that diverged; None leaves it open.
    """

    def __init__(
        self,
        limits: MonitorConfig | None = None,
        run: str | Path | None = None,
        command: str = "",
        look_at_input: Callable[[int], Sequence[str]] | None = None,
    ):
        super().__init__()
        self._look_at_input = look_at_input
        self._limits = limits or MonitorConfig()
        self._run = None if run is None else as_path(run)
        self._command = command
        self._below = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Forgets an earlier diagnosis: the run goes on."""
        if self._run is not None and is_chief(self.model.distribute_strategy):
            remove_diagnosis(self._run)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss, the gradient, and the spread of every view."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        scaled = isinstance(self.model.optimizer, keras.optimizers.LossScaleOptimizer)
        # Where the loss is scaled, a gradient that overflows is skipped and the scale lowered.
        for name in ["loss"] if scaled else ["loss", "gradient_norm"]:
            if not math.isfinite(values.get(name, 0.0)):
                self._stop(NON_FINITE, f"the {name.replace('_', ' ')} became {values[name]}", values)
        spreads = {name: value for name, value in values.items() if name.startswith(SPREAD_PREFIX)}
        lowest = min(spreads, key=lambda name: spreads[name], default="")
        self._below = self._below + 1 if lowest and spreads[lowest] < self._limits.collapse_spread else 0
        if self._below >= self._limits.collapse_patience:
            what = f"the projections have collapsed: {lowest} is {spreads[lowest]:.2f} and some spread was below "
            what += f"{self._limits.collapse_spread} for {self._below} steps in a row (monitor.collapse_spread)"
            self._stop(COLLAPSE, what, values)

    def _stop(self, reason: str, what: str, values: dict[str, float]) -> None:
        step = finished_steps(self.model)
        # Every worker stops here, at the same step, as the metrics are everybody's.
        clips: list[int] = getattr(self.model.train_function, "clip_ids", list)()
        message = f"{what} at step {step}; earlier checkpoints are kept"
        writes = is_chief(self.model.distribute_strategy)
        # The others end meanwhile.
        bad_input = self._bad_input(step) if reason == NON_FINITE and writes else None
        message += f"; {_advice(bad_input)}"
        if self._run is not None and writes:
            diagnosis = {
                "step": step,
                "reason": reason,
                "message": message,
                "clip_ids": clips,
                "bad_input": bad_input,
                "command": self._command,
                "metrics": values,
            }
            message += f"; {write_diagnosis(self._run, diagnosis)} has the numbers"
        if clips and not bad_input:
            more = ", ..." if len(clips) > CLIPS_NAMED else ""
            message += f"; clips of the batch: {', '.join(map(str, clips[:CLIPS_NAMED]))}{more}"
        if self._command:
            message += f"; to see it again: {self._command}"
        raise UserError(message)

    def _bad_input(self, step: int) -> list[str] | None:
        return None if self._look_at_input is None else list(self._look_at_input(step))


def _advice(bad_input: Sequence[str] | None) -> str:
    if bad_input:
        more = f"; and {len(bad_input) - CLIPS_NAMED} more" if len(bad_input) > CLIPS_NAMED else ""
        return f"its input was not finite, so prepare again: {'; '.join(bad_input[:CLIPS_NAMED])}{more}"
    diverged = "try a lower optimizer.peak_learning_rate in a new run"
    return diverged if bad_input is None else f"its input was finite, so the training diverged: {diverged}"
