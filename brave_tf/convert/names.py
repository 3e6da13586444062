"""Which variable of ours is which array of the released trees."""

import dataclasses
import re
from typing import NamedTuple, cast

import keras

from brave_tf.errors import UserError
from brave_tf.method.brave import Brave
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.models.audio_resnet import AudioResNet
from brave_tf.models.tsm_resnet import TSMResNet

_KINDS = {
    "kernel": "w",
    "bias": "b",
    "gamma": "scale",
    "beta": "offset",
    "moving_mean": "~/mean_ema/average",
    "moving_variance": "~/var_ema/average",
}
_HEAD_LAYERS = {"linear_0": "linear", "linear_1": "linear_1", "norm_0": "batch_norm", "norm_1": "batch_norm_1"}
_BLOCK_LAYER = re.compile(r"unit_(\d)_block_(\d+)_(?:(\d)_norm|(conv_\d|shortcut))")


class Place(NamedTuple):
    """A variable and the shape that its array has in a released tree."""

    variable: keras.Variable
    shape: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class TowerNames:
    """How the modules of one tower are called.

    Attributes:
        prefix: before every name.
        stem: the first convolution.
        block: a block, from its `unit` and `block`.
        convolution: before the name of a convolution inside a block.
    """

    prefix: str
    stem: str
    block: str
    convolution: str


NARROW = TowerNames("narrow_video_embedding/TSMResNetV2", "tsm_resnet_stem", "tsm_resnet_unit_{}/block_{}", "")
_BROAD_PREFIX = "broad_{}_embedding/TSMResNetV2"
BROAD_RGB = dataclasses.replace(NARROW, prefix=_BROAD_PREFIX.format("video"))
AUDIO = TowerNames("broad_audio_embedding/res_net_v2", "~/initial_conv", "~/block_group_{}/block_{}", "~/")
SHARED_HEAD = "shared_project"


def broad_names(modality: str) -> TowerNames:
    """How the modules of a broad tower are called; what the released code has not got has a name in its manner."""
    # A model takes free names; the towers of a preset are called by their modalities.
    record = MODALITIES[cast(Modality, modality)]
    return AUDIO if record.is_sound else dataclasses.replace(NARROW, prefix=_BROAD_PREFIX.format(record.short_word))


def tower_arrays(backbone: keras.Model, names: TowerNames) -> dict[str, Place]:
    """Every variable of a backbone by the full name of its array.

    Raises:
        UserError: no released tree holds such a backbone.
    """
    if not isinstance(backbone, (TSMResNet, AudioResNet)):
        raise UserError(
            f"received {backbone.name}, a {type(backbone).__name__}; expected a TSMResNet or an AudioResNet, as the "
            "released trees hold them"
        )
    arrays = {}
    for variable in backbone.variables:
        layer, kind = variable.path.split("/")[-2:]
        shape = tuple(variable.shape)
        arrays[f"{names.prefix}/{_module(layer, names)}/{_KINDS[kind]}"] = Place(
            variable, shape if kind == "kernel" else (1, 1, 1, *shape)
        )
    return arrays


def head_arrays(head: keras.layers.Layer, prefix: str) -> dict[str, Place]:
    """Every variable of a head by the full name of its array."""
    arrays = {}
    for variable in head.variables:
        part, layer, kind = variable.path.split("/")[-3:]
        shape = tuple(variable.shape)
        place = Place(variable, shape if kind in ("kernel", "bias") else (1, *shape))
        arrays[f"{prefix}/{part}/{_HEAD_LAYERS[layer]}/{_KINDS[kind]}"] = place
    return arrays


def model_arrays(model: Brave) -> dict[str, Place]:
    """Every variable of towers and heads by the full name of its array.

    Separate heads have no names in the released trees, which hold a shared one; theirs are like
    `narrow_audio_head/projector/linear/w`. A broad backbone that is the narrow one goes under the narrow name alone.
    """
    arrays = tower_arrays(model.encoder, NARROW)
    for modality, backbone in model.broad_encoders.items():
        if backbone is not model.encoder:
            arrays |= tower_arrays(backbone, broad_names(modality))
    if model.towers.heads == "shared":
        return arrays | head_arrays(next(iter(model.towers.narrow_heads.values())), SHARED_HEAD)
    for heads in (model.towers.narrow_heads, model.towers.broad_heads):
        for head in heads.values():
            arrays |= head_arrays(head, head.name)
    return arrays


def _module(layer: str, names: TowerNames) -> str:
    if layer == "stem":
        return names.stem
    if layer == "last_norm":
        return "batch_norm"
    match = _BLOCK_LAYER.fullmatch(layer)
    if match is None:
        raise ValueError(f"layer {layer!r} has no name in the released trees; expected a TSM-ResNet or audio ResNet V2")
    unit, block, norm, convolution = match.groups()
    if norm is not None:
        inner = "batch_norm" if norm == "0" else f"batch_norm_{norm}"
    else:
        inner = names.convolution + ("shortcut_conv" if convolution == "shortcut" else convolution)
    return f"{names.block.format(unit, block)}/{inner}"
