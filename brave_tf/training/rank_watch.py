"""Warns when the projections of a batch use few directions while their prediction fails."""

import math
from pathlib import Path
from typing import Any

import keras

from brave_tf.config import Config
from brave_tf.method.step_function import finished_steps
from brave_tf.progress import warn
from brave_tf.runs.metrics import LOW_RANK, lines_until, low_rank_events
from brave_tf.storage import as_path
from brave_tf.training.strategy import is_chief

RANK_PREFIX = "effective_rank_"
REMEDIES = (
    "early in a run this passes; if it stays, try a lower optimizer.predictor_multiplier (10 -> 2), weaker "
    "augmentation, more steps of smaller batches, or a lower optimizer.peak_learning_rate, in a new run "
    "(docs/training-small.md)"
)
UNPREDICTED_SHARE = 0.5
"""Of the loss that predictions of no use give; above it, few directions are an alarm."""


def possible_rank(config: Config) -> int:
    """The highest effective rank that projections of a batch can have: they are centred, and have so many elements."""
    return min(config.batch_size - 1, config.model.projection_size)


def rank_limit(config: Config) -> float:
    """The effective rank below which a run warns; 0 if it never does."""
    return config.monitor.low_rank_share * possible_rank(config)


def alarming_loss(config: Config) -> float:
    """The loss above which a low rank is an alarm; below, few directions hold what the views share.

    That is half of what predictions of no use give, a cosine of 0 in every term. Other objectives than the paper's have
    no such scale: there a low rank is always an alarm.
    """
    if config.model.objective != "regression":
        return -math.inf
    return UNPREDICTED_SHARE * (4.0 * len(config.broad.modalities) if config.model.loss_scale == "paper" else 1.0)


class RankWatch(keras.callbacks.Callback):
    """Warns once each time that the lowest effective rank of a view falls; comes before `MetricsWriter` in the list.

    Low is what stays below `rank_limit`, at a loss above `alarming_loss`, for `monitor.collapse_patience` steps in a
    row, and no longer low what does not for as long. Either is written down under `low_rank` on the metrics' line of
    its step. It never stops a run.

    Args:
        config: the experiment.
        run: the run directory, which tells whether the rank was low at the step that it goes on from; None does
            without.
    """

    def __init__(self, config: Config, run: str | Path | None = None):
        super().__init__()
        self._config = config
        self._run = None if run is None else as_path(run)
        self._limit, self._alarming_loss = rank_limit(config), alarming_loss(config)
        self._is_low = False
        self._others = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Remembers whether the rank was low before."""
        # Every worker has the same metrics: the first tells.
        self._watches = self._limit > 0 and is_chief(self.model.distribute_strategy)
        self._others = 0
        if self._watches and self._run is not None:
            events = low_rank_events(lines_until(self._run, finished_steps(self.model)))
            self._is_low = bool(events) and events[-1]["is_low"]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the effective rank of every view."""
        logs = {} if logs is None else logs
        ranks = {name.removeprefix(RANK_PREFIX): logs[name] for name in logs if name.startswith(RANK_PREFIX)}
        if not (self._watches and ranks):
            return
        view, rank = min(((view, float(value)) for view, value in ranks.items()), key=lambda each: each[1])
        is_low = rank < self._limit and float(logs["loss"]) > self._alarming_loss
        self._others = self._others + 1 if is_low != self._is_low else 0
        if self._others < self._config.monitor.collapse_patience:
            return
        self._is_low, self._others = not self._is_low, 0
        logs[LOW_RANK] = {"is_low": self._is_low, "view": view, "rank": rank, "limit": self._limit}
        if self._is_low:
            self._warn(view, rank)

    def _warn(self, view: str, rank: float) -> None:
        share = self._config.monitor.low_rank_share
        warn(
            f"the effective rank of the projections ({view}) is {rank:.1f} at step "
            f"{finished_steps(self.model):,}, below {self._limit:.1f}: {share:.0%} of the "
            f"{possible_rank(self._config)} that a batch allows (monitor.low_rank_share), while the loss stays high; "
            f"{REMEDIES}"
        )
