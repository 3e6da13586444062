"""Keras callbacks of a pre-training run."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from brave_tf.config import Config
from brave_tf.errors import UserError, reason_of
from brave_tf.method.step_function import finished_steps
from brave_tf.progress import Advance
from brave_tf.runs.metrics import DAMAGED, LOW_RANK, MetricsLog
from brave_tf.runs.paths import METRICS_FILE, TENSORBOARD_FOLDER
from brave_tf.storage import as_path, is_remote
from brave_tf.training.checkpoints import Checkpoints
from brave_tf.training.event_file import EventFile
from brave_tf.training.meters import Meter, Throughput
from brave_tf.training.strategy import is_chief

PROBE_METRIC = "knn_top1"
FLUSH_SECONDS = 60.0
"""How long lines of a run on storage elsewhere are kept before they are sent."""


class MetricsWriter(keras.callbacks.Callback):
    """Writes the metrics of every `log_every`-th step, and of the last, to `metrics.jsonl` and TensorBoard.

    To what the model reports it adds what `Meter` reads. A probe's result, damaged clips that are met for the first
    time, and a rank that becomes low or is no longer, are written at whichever step they come. Of several workers the
    first writes. On storage elsewhere lines appear once a minute, at the end, and where `flush` is called.

    Args:
        run: the run directory.
        config: the experiment: steps between two lines, the last step, clips per step.
        check: called before anything is sent to storage elsewhere; raises `UserError` if it must not be.

    Attributes:
        line: what was written of the last step; None if it has no line.
    """

    def __init__(self, run: str | Path, config: Config, check: Callable[[], None] = lambda: None):
        super().__init__()
        self._run = as_path(run)
        self._config = config
        self._check = check
        self._unsent = False
        self.line: dict[str, Any] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Opens the files, and drops lines past the step that the run goes on from.

        Raises:
            UserError: they cannot be written.
        """
        self._writes = is_chief(self.model.distribute_strategy)
        if not self._writes:
            return
        folder = self._run / TENSORBOARD_FOLDER
        try:
            self._run.mkdir(parents=True, exist_ok=True)
            self._log = MetricsLog(self._run, finished_steps(self.model))
            self._scalars = EventFile(folder)
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"{folder} or {METRICS_FILE} beside it cannot be written ({reason_of(error)}); change its "
                "permissions, or choose another --run"
            ) from error
        self._meter = Meter(self.model, self._config.batch_size)
        self._first = True
        self._sent_at = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes one line when it is due."""
        self.line = None
        if not self._writes:
            return
        logs = {} if logs is None else logs
        named = {key: logs.pop(key) for key in (DAMAGED, LOW_RANK) if key in logs}
        step = finished_steps(self.model)
        self._meter.count()
        if step % self._config.log_every == 0 or step == self._config.steps or PROBE_METRIC in logs or named:
            self._write(step, {**{name: float(value) for name, value in logs.items()}, **self._meter.read()}, named)
        elif self._first:
            # The first step of a process builds its graph: left out of the speed.
            self._meter.read()
        self._first = False

    def on_train_end(self, logs: Any = None) -> None:
        """Closes the TensorBoard file."""
        if self._writes:
            self.flush()
            self._scalars.close()

    def flush(self) -> None:
        """Sends what storage elsewhere has not got yet; a checkpoint that is written then finds its lines there.

        Raises:
            UserError: it cannot be written, or must not be.
        """
        if not self._unsent:
            return
        # What has failed for good is not tried once more on the way out.
        self._unsent = False
        with self._one_line():
            self._check()
            self._log.flush()
            self._scalars.flush()
        self._sent_at = time.monotonic()

    def _write(self, step: int, values: dict[str, float], named: dict[str, Any]) -> None:
        with self._one_line():
            self._log.append(step, values | named)
            self._scalars.add(step, values)
        self.line = {"step": step, **values, **named}
        self._unsent = True
        if not is_remote(self._run) or time.monotonic() - self._sent_at >= FLUSH_SECONDS:
            self.flush()

    @contextlib.contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"the metrics of step {finished_steps(self.model)} cannot be written to {self._run} "
                f"({reason_of(error)}); earlier checkpoints are whole; free some space or change its permissions, then "
                "run the same command again"
            ) from error


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


class FitSummary(keras.callbacks.Callback):
    """Loss of the last batch, and how fast this process trained.

    Args:
        batch_size: clips per step, over all replicas.

    Attributes:
        loss: of the last batch; NaN before the first.
    """

    def __init__(self, batch_size: int):
        super().__init__()
        self._throughput = Throughput(batch_size)
        self._first = True
        self.loss = math.nan

    def on_train_begin(self, logs: Any = None) -> None:
        """Starts the clock."""
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the loss and counts the step."""
        self.loss = float((logs or {})["loss"])
        # The first step of a process builds its graph: left out of the speed.
        if self._first:
            self._throughput.restart()
        else:
            self._throughput.count()
        self._first = False

    def summary(self) -> dict[str, float | None]:
        """`final_loss`, `clips_per_second` (None after a single step) and `seconds` for `summary.json`."""
        speed = self._throughput.clips_per_second
        return {
            "final_loss": self.loss,
            "clips_per_second": None if speed is None else round(speed, 3),
            "seconds": round(time.monotonic() - self._began, 3),
        }
