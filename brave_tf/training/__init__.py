"""Training: the Keras model, its optimizer, the devices it runs on, and runs that can be interrupted."""

from typing import TYPE_CHECKING

from brave_tf.lazy import loader

if TYPE_CHECKING:
    from brave_tf.training.brave import Brave
    from brave_tf.training.callbacks import CheckpointWriter, MetricsWriter
    from brave_tf.training.checkpoints import Checkpoints
    from brave_tf.training.guard import HealthGuard
    from brave_tf.training.interruption import StopOnSignal
    from brave_tf.training.pretrain import make_optimizer
    from brave_tf.training.probe import KNNProbe
    from brave_tf.training.strategy import make_strategy

_HOMES = {
    "Brave": "brave",
    "CheckpointWriter": "callbacks",
    "Checkpoints": "checkpoints",
    "HealthGuard": "guard",
    "KNNProbe": "probe",
    "MetricsWriter": "callbacks",
    "StopOnSignal": "interruption",
    "make_optimizer": "pretrain",
    "make_strategy": "strategy",
}
__all__ = [
    "Brave",
    "CheckpointWriter",
    "Checkpoints",
    "HealthGuard",
    "KNNProbe",
    "MetricsWriter",
    "StopOnSignal",
    "make_optimizer",
    "make_strategy",
]

# Reading a run must not cost the start of TensorFlow, so nothing is imported before it is used.
__getattr__ = loader(__name__, _HOMES)
