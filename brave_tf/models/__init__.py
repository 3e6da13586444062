"""Networks: tensors in, features out."""

from typing import TYPE_CHECKING

from brave_tf.lazy import loader

if TYPE_CHECKING:
    from brave_tf.models.audio_resnet import AudioResNet
    from brave_tf.models.heads import Head
    from brave_tf.models.r3d import R3D
    from brave_tf.models.tsm_resnet import TSMResNet

_HOMES = {"AudioResNet": "audio_resnet", "Head": "heads", "R3D": "r3d", "TSMResNet": "tsm_resnet"}
__all__ = ["R3D", "AudioResNet", "Head", "TSMResNet"]

# Counting parameters must not cost the start of Keras, so nothing is imported before it is used.
__getattr__ = loader(__name__, _HOMES)
