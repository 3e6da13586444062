"""Models that runs of one configuration share, so that the graph of their step is made once."""

import dataclasses
from typing import Any

import numpy as np

from brave_tf.config import Config, MonitorConfig
from brave_tf.method.brave import Brave, build_optimizer
from brave_tf.training.build import make_model

_WITHOUT_EFFECT = {"seed": 0, "log_every": 1, "checkpoint_every": 1, "keep_checkpoints": 1}
"""Settings that change neither the networks nor the step; the seed changes what the weights are."""


class KeptModels:
    """Does what `make_model` does, and gives the same object again where only its weights would be others.

    What it gives is in the state of a new model: weights and optimizer are set to those of one that is made for the
    purpose, and nothing is counted. A run that would go on from something else than its checkpoint is seen by that.
    """

    def __init__(self) -> None:
        self._kept: dict[Config, Brave] = {}

    def __call__(self, config: Config) -> Brave:
        """The model of an experiment, freshly initialised and compiled."""
        fresh = make_model(config)
        key = dataclasses.replace(config, monitor=MonitorConfig(), **_WITHOUT_EFFECT)
        kept = self._kept.setdefault(key, fresh)
        if kept is not fresh:
            build_optimizer(fresh)
            build_optimizer(kept)
            _assign(kept.weights, fresh.weights)
            _assign(kept.optimizer.variables, fresh.optimizer.variables)
            kept.counted_steps = None
            kept.reset_metrics()
        return kept


def _assign(variables: Any, values: Any) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.array(value))
