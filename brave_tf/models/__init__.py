"""Networks: tensors in, features out."""

from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.heads import Head
from brave_tf.models.tsm_resnet import TSMResNet

__all__ = ["AudioResNet", "Head", "TSMResNet"]
