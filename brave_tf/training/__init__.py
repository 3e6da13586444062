"""A run: devices, checkpoints, callbacks, and how it goes on where it stopped."""

from typing import TYPE_CHECKING

from brave_tf.lazy import public_names

if TYPE_CHECKING:
    from brave_tf.training.build import make_optimizer as make_optimizer
    from brave_tf.training.callbacks import CheckpointWriter as CheckpointWriter
    from brave_tf.training.callbacks import MetricsWriter as MetricsWriter
    from brave_tf.training.checkpoints import Checkpoints as Checkpoints
    from brave_tf.training.damage_watch import DamageWatch as DamageWatch
    from brave_tf.training.guard import HealthGuard as HealthGuard
    from brave_tf.training.interruption import StopOnSignal as StopOnSignal
    from brave_tf.training.probe import KNNProbe as KNNProbe
    from brave_tf.training.run_logger import RunLogger as RunLogger
    from brave_tf.training.strategy import is_chief as is_chief
    from brave_tf.training.strategy import make_strategy as make_strategy

# Reading a run must not cost the start of TensorFlow.
__all__, __getattr__, __dir__ = public_names(
    __name__,
    {
        "CheckpointWriter": "callbacks",
        "Checkpoints": "checkpoints",
        "DamageWatch": "damage_watch",
        "HealthGuard": "guard",
        "KNNProbe": "probe",
        "MetricsWriter": "callbacks",
        "RunLogger": "run_logger",
        "StopOnSignal": "interruption",
        "is_chief": "strategy",
        "make_optimizer": "build",
        "make_strategy": "strategy",
    },
)
