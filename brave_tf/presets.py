"""Experiments by name: the paper's, and tiny ones that run on a laptop."""

import dataclasses
import difflib
from collections.abc import Mapping

from brave_tf.config import (
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
from brave_tf.errors import UserError

_RELEASE = "https://storage.googleapis.com/dm-jaxline/brave/"


@dataclasses.dataclass(frozen=True)
class ReleasedCheckpoint:
    """A checkpoint that was published with the released code.

    Attributes:
        url: where it is.
        scores: published top-1 in percent of linear classifiers on frozen features, by benchmark; HMDB51 is the mean of
            its three splits.
    """

    url: str
    scores: Mapping[str, float]


released_checkpoints: Mapping[str, ReleasedCheckpoint] = {
    "v-fa-tsm50": ReleasedCheckpoint(
        _RELEASE + "29557527_2_0.npy", {"HMDB51": 69.2, "UCF101": 92.9, "Kinetics-600": 69.3}
    ),
    "v-fa-tsm50x2": ReleasedCheckpoint(
        _RELEASE + "29509415_1_0.npy", {"HMDB51": 69.9, "UCF101": 93.2, "Kinetics-600": 70.3}
    ),
    "v-a-tsm50": ReleasedCheckpoint(
        _RELEASE + "29466668_1_0.npy", {"HMDB51": 69.4, "UCF101": 93.0, "Kinetics-600": 70.6}
    ),
    "v-vvv-tsm50": ReleasedCheckpoint(
        _RELEASE + "29332798_5_0.npy", {"HMDB51": 65.4, "UCF101": 92.6, "Kinetics-600": 70.8}
    ),
}
"""Narrow views and broad ones: V video, F flow, A sound. All are TSM-ResNet-50, x2 at width 2."""

_TINY_AUGMENT = AugmentConfig(crop_area=(0.5, 1.0), crop_aspect=(0.75, 1.33), blur=0.5, blur_sigma=(0.1, 1.0))
_TINY_MODEL = ModelConfig(
    narrow=BackboneConfig(depth=26, width=0.25),
    rgb=BackboneConfig(depth=14, width=0.25),
    audio=BackboneConfig(depth=14, width=0.25),
    hidden_size=256,
    projection_size=64,
)
_TINY_EVALUATION = EvaluationConfig(
    frames=8, step=6, size=48, shorter_side=54, epochs=3, windows=3, crops=3, audio_seconds=2.0, svm_c=1e-2
)

_PRESETS = (
    Config(
        name="tiny-va",
        narrow=VideoViewConfig(frames=8, step=6, size=48, augment=_TINY_AUGMENT),
        broad=BroadConfig(audio=AudioViewConfig(seconds=2.0)),
        model=_TINY_MODEL,
        optimizer=OptimizerConfig(peak_learning_rate=1.0, warmup_steps=30),
        evaluation=_TINY_EVALUATION,
        steps=600,
        batch_size=48,
        checkpoint_every=100,
        log_every=10,
    ),
    Config(
        name="tiny-v",
        narrow=VideoViewConfig(frames=8, step=6, size=48, augment=_TINY_AUGMENT),
        broad=BroadConfig(rgb=VideoViewConfig(frames=16, step=4, size=48, augment=_TINY_AUGMENT)),
        model=_TINY_MODEL,
        optimizer=OptimizerConfig(peak_learning_rate=1.0, warmup_steps=30),
        evaluation=_TINY_EVALUATION,
        steps=600,
        batch_size=48,
        checkpoint_every=100,
        log_every=10,
    ),
    Config(
        name="v-v-tsm50-k600",
        narrow=VideoViewConfig(frames=16, step=2, size=224),
        broad=BroadConfig(
            rgb=VideoViewConfig(frames=64, step=4, size=112, augment=AugmentConfig(random_convolution=1.0))
        ),
        optimizer=OptimizerConfig(peak_learning_rate=4.8),
        steps=300_000,
    ),
    Config(
        name="v-a-tsm50-audioset",
        narrow=VideoViewConfig(frames=32, step=2, size=224),
        broad=BroadConfig(audio=AudioViewConfig(seconds=5.0)),
        optimizer=OptimizerConfig(peak_learning_rate=1.0),
        steps=620_000,
    ),
)
_BY_NAME = {preset.name: preset for preset in _PRESETS}


def names() -> tuple[str, ...]:
    """All preset names, the tiny ones first."""
    return tuple(_BY_NAME)


def get(name: str) -> Config:
    """The preset called `name`.

    Raises:
        UserError: there is no such preset; the message offers the nearest name.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise UserError(f"received preset {name!r}; {hint}expected one of: {', '.join(_BY_NAME)}")
