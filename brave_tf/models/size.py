"""How large a network is, by arithmetic alone: no weights are made and no framework is started."""

import dataclasses
from typing import Literal

from brave_tf.config import AudioViewConfig, BackboneConfig, Config, VideoViewConfig
from brave_tf.modalities import MODALITIES, NARROW
from brave_tf.models.depths import BLOCKS


@dataclasses.dataclass(frozen=True)
class Size:
    """Size of a network.

    Attributes:
        parameters: trainable numbers.
        flops: floating-point operations of the convolutions and linear layers for one input, a multiplication and an
            addition counted as two.
    """

    parameters: int
    flops: int

    def __add__(self, other: "Size") -> "Size":
        return Size(self.parameters + other.parameters, self.flops + other.flops)

    def __mul__(self, times: int) -> "Size":
        """The same weights, applied several times."""
        return Size(self.parameters, self.flops * times)


Position = tuple[int, int, int]
"""Frames, height and width."""


def backbone_size(
    backbone: BackboneConfig,
    shape: Position,
    channels: int = 3,
    version: Literal[1, 2] = 1,
    stem: Literal["slow", "cvrl"] = "slow",
) -> Size:
    """Size of a backbone; a spectrogram is one frame of one channel.

    Args:
        backbone: network, depth and width.
        shape: frames, height and width of the input.
        channels: input channels.
        version: of "r3d", see `brave_tf.models.R3D`.
        stem: of "r3d".
    """
    is_3d = backbone.network == "r3d"
    post_activation = is_3d and version == 1
    width = int(64 * backbone.width)
    frames = (5, 2) if is_3d and stem == "cvrl" else (1, 1)
    total, shape = _convolution(channels, width, (frames[0], 7), (frames[1], 2), shape)
    total += Size(2 * width * post_activation, 0)
    shape = (shape[0], _strided(shape[1], 2), _strided(shape[2], 2))
    channels = width
    for unit, blocks in enumerate(BLOCKS[backbone.depth]):
        out = 4 * width * 2**unit
        for block in range(blocks):
            stride = 2 if unit > 0 and block == 0 else 1
            size, shape = _block(
                channels, out, 3 if is_3d and unit >= 2 else 1, stride, block == 0, shape, post_activation
            )
            total += size
            channels = out
    return total + Size(0 if post_activation else 2 * channels, 0)


def head_size(features: int, hidden: int, projection: int, predictor: bool = True) -> Size:
    """Size of a projector and its predictor, if it has one."""
    linear = [(features, hidden), (hidden, projection)]
    norms = 2 * (hidden + projection)
    if predictor:
        linear += [(projection, hidden), (hidden, projection)]
        norms += 2 * hidden
    return Size(sum(i * o + o for i, o in linear) + norms, sum(2 * i * o for i, o in linear))


def experiment_sizes(config: Config) -> dict[str, Size]:
    """Sizes of all networks of an experiment, per clip: the narrow backbone, the broad ones, and all heads together."""
    model = config.model
    sizes = {"narrow backbone": backbone_size(model.narrow, _video(config.narrow))}
    features = {"narrow": _features(model.narrow)}
    for modality, view in config.broad.visual.items():
        backbone: BackboneConfig = getattr(model, modality)
        size = backbone_size(backbone, _video(view), channels=MODALITIES[modality].channels) * view.views
        shared = model.share_backbone and modality == NARROW
        sizes[f"broad {modality} backbone"] = Size(0, size.flops) if shared else size
        features[modality] = _features(backbone)
    for modality, sound in config.broad.sound.items():
        backbone = getattr(model, modality)
        sizes[f"broad {modality} backbone"] = backbone_size(backbone, _audio(sound), MODALITIES[modality].channels)
        features[modality] = _features(backbone)
    heads, units = Size(0, 0), (model.hidden_size, model.projection_size, model.has_predictor)
    for modality in config.broad.modalities:
        views = config.broad.visual[modality].views if modality in config.broad.visual else 1
        heads += head_size(features["narrow"], *units) + head_size(features[modality], *units) * views
    if model.heads == "shared":
        heads = Size(head_size(features["narrow"], *units).parameters, heads.flops)
    return {**sizes, "heads": heads}


def _video(view: VideoViewConfig) -> Position:
    return view.frames, view.size, view.size


def _audio(view: AudioViewConfig) -> Position:
    return 1, view.spectrogram_frames, view.mel_bands


def _features(backbone: BackboneConfig) -> int:
    """Size of a backbone's embedding."""
    return int(64 * backbone.width) * 32


def _strided(size: int, stride: int) -> int:
    """Places along an axis that "same" padding leaves."""
    return -(-size // stride)


def _convolution(
    channels: int, out: int, kernel: tuple[int, int], stride: tuple[int, int], shape: Position
) -> tuple[Size, Position]:
    """Size and output shape of a "same" convolution; kernel and stride are (frames, side)."""
    weights = channels * out * kernel[0] * kernel[1] ** 2
    frames, height, width = (_strided(n, by) for n, by in zip(shape, (stride[0], stride[1], stride[1]), strict=True))
    return Size(weights, 2 * weights * frames * height * width), (frames, height, width)


def _block(
    channels: int, out: int, frames: int, stride: int, project: bool, shape: Position, post_activation: bool
) -> tuple[Size, Position]:
    inner = out // 4
    shortcut = Size(0, 0)
    if project:
        shortcut, _ = _convolution(channels, out, (1, 1), (1, stride), shape)
    first, middle = _convolution(channels, inner, (frames, 1), (1, 1), shape)
    second, shape = _convolution(inner, inner, (1, 3), (1, stride), middle)
    third, shape = _convolution(inner, out, (1, 1), (1, 1), shape)
    norms = 2 * (inner + inner + out + out * project) if post_activation else 2 * (channels + inner + inner)
    return shortcut + first + second + third + Size(norms, 0), shape
