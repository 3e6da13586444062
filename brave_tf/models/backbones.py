"""Backbones as a configuration names them."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from brave_tf.config import BackboneConfig, Modality, ModelConfig
from brave_tf.modalities import MODALITIES, NARROW, Tower
from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.r3d import R3D
from brave_tf.models.tsm_resnet import TSMResNet

NETWORKS = {network.__name__: network for network in (TSMResNet, R3D, AudioResNet)}
"""By the name of their class, which is what encoders carry with them."""


def backbones(
    model: ModelConfig, modalities: Sequence[Modality], dtype: Any = None
) -> Iterator[tuple[Sequence[Tower], keras.Model]]:
    """Every backbone of an experiment once, freshly initialised, with the towers that it serves.

    The narrow one comes first, then the broad ones: the order in which models and checkpoints hold their weights.

    Args:
        model: sizes of the networks.
        modalities: the broad ones.
        dtype: the policy of their layers, as Keras names them.
    """
    shared = [NARROW] if model.share_backbone else []
    yield ["narrow", *shared], narrow_backbone(model, dtype)
    for modality in modalities:
        if modality not in shared:
            yield [modality], broad_backbone(model, modality, dtype)


def video_backbone(
    size: BackboneConfig, name: str, channels: int = 3, rematerialise: bool = False, dtype: Any = None
) -> keras.Model:
    """A backbone for clips of frames: 3 channels of RGB, 2 of optical flow."""
    shared: dict[str, Any] = {
        "depth": size.depth,
        "width": size.width,
        "channels": channels,
        "rematerialise": rematerialise,
        "dtype": dtype,
    }
    if size.network == "r3d":
        return R3D(**shared, name=name)
    return TSMResNet(**shared, shift_fraction=size.shift, name=name)


def audio_backbone(size: BackboneConfig, name: str, rematerialise: bool = False, dtype: Any = None) -> keras.Model:
    """A backbone for log-mel spectrograms."""
    return AudioResNet(depth=size.depth, width=size.width, rematerialise=rematerialise, dtype=dtype, name=name)


def narrow_backbone(model: ModelConfig, dtype: Any = None) -> keras.Model:
    """The backbone of the narrow view; `dtype` is the policy of its layers, as Keras names them."""
    return video_backbone(model.narrow, "narrow_backbone", rematerialise=model.rematerialise, dtype=dtype)


def broad_backbone(model: ModelConfig, modality: Modality, dtype: Any = None) -> keras.Model:
    """The backbone of one broad modality; `dtype` is the policy of its layers, as Keras names them."""
    size: BackboneConfig = getattr(model, modality)
    name = f"broad_{modality}_backbone"
    facts = MODALITIES[modality]
    if facts.is_sound:
        return audio_backbone(size, name, model.rematerialise, dtype)
    return video_backbone(size, name, facts.channels, model.rematerialise, dtype)
