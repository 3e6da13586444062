"""The building blocks of the paper's experiments (section 4.1), and what it leaves open."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from brave_tf.config import (
    FLOW_AUGMENT,
    AudioViewConfig,
    AugmentConfig,
    BackboneConfig,
    BroadConfig,
    Config,
    EvaluationConfig,
    ModelConfig,
    OptimizerConfig,
    VideoViewConfig,
)
from brave_tf.presets.preset import Preset

KINETICS_600 = "Kinetics-600, 362k training clips"
KINETICS_400 = "Kinetics-400"
AUDIOSET = "AudioSet, 1.9M training clips"

RANDOM_CONVOLUTION = AugmentConfig(random_convolution=1.0)
NARROW = VideoViewConfig(frames=16, step=2, size=224)
NARROW_WITH_SOUND = VideoViewConfig(frames=32, step=2, size=224)
NARROW_R3D = VideoViewConfig(frames=16, step=4, size=224)
BROAD = VideoViewConfig(frames=64, step=4, size=112)
BROAD_RC = dataclasses.replace(BROAD, augment=RANDOM_CONVOLUTION)
FLOW = dataclasses.replace(BROAD, augment=FLOW_AUGMENT)
AUDIO = AudioViewConfig()
TSM = BackboneConfig()
R3D = BackboneConfig(network="r3d")
WIDE = BackboneConfig(width=2.0)

_RGB_CHOICES = ("crop, blur and colour numbers are the released code's; blur is always applied",)
_NO_SCALE_JITTER = "no scale jitter besides the area of the crop"
_VIEWS_CHOICE = "each of the K views is normalised by its own batch statistics"
_FLOW_CHOICES = (
    "flow: OpenCV's TV-L1 with its default parameters between neighbouring frames at 25 fps, two channels, cut at 20 "
    "pixels of a 256-pixel picture; a flip negates the horizontal one",
)
_AUDIO_CHOICES = ("sound at 16 kHz, where none of the 80 mel bands is empty",)
_R3D_CHOICES = (
    "R3D-50 sees 16 frames at 6.25 fps and is evaluated at that rate",
    "R3D-50 is post-activation with a 1x7x7 stem: 31.6M parameters, where the paper prints 31.8M",
)


def visual(
    name: str,
    source: str,
    scores: Mapping[str, float],
    broad: BroadConfig,
    *,
    narrow: VideoViewConfig | None = None,
    backbone: BackboneConfig = TSM,
    data: str = KINETICS_600,
    choices: tuple[str, ...] = (),
    **changes: Any,
) -> Preset:
    """An experiment without sound: 300k steps, peak learning rate 4.8.

    Args:
        name: the preset's name.
        source: the table it is a row of.
        scores: published scores.
        broad: the broad views.
        narrow: the narrow view; by default the one that fits the backbone.
        backbone: the narrow backbone.
        data: what it is trained on.
        choices: choices beyond those of its building blocks.
        **changes: further fields of `Config`.
    """
    is_r3d = backbone.network == "r3d"
    config = Config(
        name=name,
        narrow=narrow or (NARROW_R3D if is_r3d else NARROW),
        broad=broad,
        **{"model": ModelConfig(narrow=backbone), **changes},
        optimizer=OptimizerConfig(peak_learning_rate=4.8),
        evaluation=EvaluationConfig(step=4) if is_r3d else EvaluationConfig(),
        steps=300_000,
    )
    return Preset(config, source, data, scores, (*_choices(config), *choices))


def with_sound(
    name: str,
    source: str,
    scores: Mapping[str, float],
    broad: BroadConfig,
    *,
    narrow: VideoViewConfig = NARROW_WITH_SOUND,
    backbone: BackboneConfig = TSM,
    steps: int = 620_000,
    choices: tuple[str, ...] = (),
) -> Preset:
    """An experiment with sound, on AudioSet: peak learning rate 1.0, 620k steps unless said otherwise."""
    config = Config(
        name=name,
        narrow=narrow,
        broad=broad,
        model=ModelConfig(narrow=backbone),
        optimizer=OptimizerConfig(peak_learning_rate=1.0),
        steps=steps,
    )
    return Preset(config, source, AUDIOSET, scores, (*_choices(config), *choices))


def _choices(config: Config) -> tuple[str, ...]:
    lines: tuple[str, ...] = _RGB_CHOICES
    if all(view.augment.scale_jitter == (1.0, 1.0) for view in (config.narrow, *config.broad.visual.values())):
        lines += (_NO_SCALE_JITTER,)
    if any(view.views > 1 for view in config.broad.visual.values()):
        lines += (_VIEWS_CHOICE,)
    if config.broad.flow is not None:
        lines += _FLOW_CHOICES
    if config.broad.audio is not None:
        lines += _AUDIO_CHOICES
    if config.model.narrow.network == "r3d":
        lines += _R3D_CHOICES
    return lines


def several(view: VideoViewConfig, count: int) -> VideoViewConfig:
    """`count` views of this kind."""
    return dataclasses.replace(view, views=count)


def linear(hmdb51: float, ucf101: float, kinetics_600: float) -> dict[str, float]:
    """Scores of Tables 1 to 4."""
    return {"HMDB51 linear": hmdb51, "UCF101 linear": ucf101, "Kinetics-600 linear": kinetics_600}
