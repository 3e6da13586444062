"""Keras callbacks of a pre-training run."""

import json
import math
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.progress import Advance
from brave_tf.training.run_directory import METRICS_FILE, Checkpoints


class LossGuard(keras.callbacks.Callback):
    """Ends a run whose loss is no longer finite, before anything of it is saved; comes first in the list."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Raises UserError when the loss is NaN or infinite."""
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise UserError(
                f"the loss became {loss} at step {int(self.model.optimizer.iterations.numpy())}; expected a finite "
                "number: try a lower optimizer.peak_learning_rate in a new run; earlier checkpoints are kept"
            )


class MetricsWriter(keras.callbacks.Callback):
    """Writes the metrics of every `every`-th step, and of the last, to `metrics.jsonl` and TensorBoard.

    Args:
        run: the run directory.
        every: steps between two lines.
        last_step: the last step of the run.
    """

    def __init__(self, run: Path, every: int, last_step: int):
        super().__init__()
        self._run = run
        self._every = every
        self._last_step = last_step

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the TensorBoard file."""
        self._tensorboard = tf.summary.create_file_writer(str(self._run / "tensorboard"))

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes one line when it is due."""
        step = int(self.model.optimizer.iterations.numpy())
        if step % self._every and step != self._last_step:
            return
        values = {name: float(value) for name, value in (logs or {}).items()}
        values["learning_rate"] = float(self.model.optimizer.learning_rate.numpy())
        with open(self._run / METRICS_FILE, "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        with self._tensorboard.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the TensorBoard file."""
        self._tensorboard.close()


class CheckpointWriter(keras.callbacks.Callback):
    """Saves a checkpoint every `every` steps.

    Args:
        checkpoints: where they go.
        every: steps between two of them.
    """

    def __init__(self, checkpoints: Checkpoints, every: int):
        super().__init__()
        self._checkpoints = checkpoints
        self._every = every

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves when it is due."""
        if self._checkpoints.step % self._every == 0:
            self._checkpoints.save()


class ProgressReporter(keras.callbacks.Callback):
    """Moves a progress bar and shows loss and spread.

    Args:
        advance: what `brave_tf.progress.track` yields.
    """

    def __init__(self, advance: Advance):
        super().__init__()
        self._advance = advance

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """One step is done."""
        logs = logs or {}
        spreads = [float(value) for name, value in logs.items() if name.startswith("spread_")]
        note = f"loss {float(logs['loss']):.3f}, spread {min(spreads):.2f}" if spreads else ""
        self._advance(1, note)
