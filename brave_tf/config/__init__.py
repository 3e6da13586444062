"""Every setting of a BraVe experiment, as nested frozen dataclasses.

A `Config` is plain data: it imports neither TensorFlow nor NumPy, compares by value, and goes through JSON unchanged
(`brave_tf.config.values`). Its defaults are the paper's (section 4 and its implementation details).
"""

from brave_tf.config.evaluation import (
    EvaluationConfig,
    EvaluationInput,
)
from brave_tf.config.experiment import Config, DataConfig, MonitorConfig, OptimizerConfig
from brave_tf.config.model import BackboneConfig, ModelConfig
from brave_tf.config.views import (
    FLOW_AUGMENT,
    SOURCE_FPS,
    AudioViewConfig,
    AugmentConfig,
    BroadConfig,
    VideoViewConfig,
)
from brave_tf.modalities import Modality

__all__ = [
    "FLOW_AUGMENT",
    "SOURCE_FPS",
    "AudioViewConfig",
    "AugmentConfig",
    "BackboneConfig",
    "BroadConfig",
    "Config",
    "DataConfig",
    "EvaluationConfig",
    "EvaluationInput",
    "Modality",
    "ModelConfig",
    "MonitorConfig",
    "OptimizerConfig",
    "VideoViewConfig",
]


def __dir__() -> list[str]:
    return __all__
