"""Backbones as a configuration names them."""

import keras

from brave_tf.config import CHANNELS, BackboneConfig, Modality, ModelConfig
from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.r3d import R3D
from brave_tf.models.tsm_resnet import TSMResNet

NETWORKS = {network.__name__: network for network in (TSMResNet, R3D, AudioResNet)}
"""By the name of their class, which is what encoders carry with them."""


def video_backbone(size: BackboneConfig, name: str, channels: int = 3) -> keras.Model:
    """A backbone for clips of RGB frames, or of optical flow, which has two channels."""
    if size.network == "r3d":
        return R3D(depth=size.depth, width=size.width, channels=channels, name=name)
    return TSMResNet(depth=size.depth, width=size.width, channels=channels, shift_fraction=size.shift, name=name)


def audio_backbone(size: BackboneConfig, name: str) -> keras.Model:
    """A backbone for log-mel spectrograms."""
    return AudioResNet(depth=size.depth, width=size.width, name=name)


def broad_backbone(model: ModelConfig, modality: Modality) -> keras.Model:
    """The backbone of one broad modality."""
    size: BackboneConfig = getattr(model, modality)
    name = f"broad_{modality}_backbone"
    if modality == "audio":
        return audio_backbone(size, name)
    return video_backbone(size, name, channels=CHANNELS[modality])
