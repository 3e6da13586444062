"""Backbones as a configuration names them."""

import keras

from brave_tf.config import BackboneConfig
from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.r3d import R3D
from brave_tf.models.tsm_resnet import TSMResNet

NETWORKS = {network.__name__: network for network in (TSMResNet, R3D, AudioResNet)}
"""By the name of their class, which is what encoders carry with them."""


def video_backbone(size: BackboneConfig, name: str) -> keras.Model:
    """A backbone for RGB clips."""
    network = R3D if size.network == "r3d" else TSMResNet
    return network(depth=size.depth, width=size.width, name=name)


def audio_backbone(size: BackboneConfig, name: str) -> keras.Model:
    """A backbone for log-mel spectrograms."""
    return AudioResNet(depth=size.depth, width=size.width, name=name)
