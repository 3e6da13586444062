"""The released JAX code: its checkpoints and its default experiment."""

import dataclasses
from collections.abc import Mapping

from brave_tf.config import (
    AudioViewConfig,
    BroadConfig,
    Config,
    DataConfig,
    ModelConfig,
    OptimizerConfig,
    VideoViewConfig,
)
from brave_tf.presets.preset import Preset

_URL = "https://storage.googleapis.com/dm-jaxline/brave/"


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


def _checkpoint(file: str, hmdb51: float, ucf101: float, kinetics_600: float) -> ReleasedCheckpoint:
    return ReleasedCheckpoint(_URL + file, {"HMDB51": hmdb51, "UCF101": ucf101, "Kinetics-600": kinetics_600})


released_checkpoints: Mapping[str, ReleasedCheckpoint] = {
    "v-fa-tsm50": _checkpoint("29557527_2_0.npy", 69.2, 92.9, 69.3),
    "v-fa-tsm50x2": _checkpoint("29509415_1_0.npy", 69.9, 93.2, 70.3),
    "v-a-tsm50": _checkpoint("29466668_1_0.npy", 69.4, 93.0, 70.6),
    "v-vvv-tsm50": _checkpoint("29332798_5_0.npy", 65.4, 92.6, 70.8),
}
"""Narrow views and broad ones: V video, F flow, A sound. All are TSM-ResNet-50, x2 at width 2."""

RELEASED = Preset(
    Config(
        name="released",
        narrow=VideoViewConfig(frames=16, step=2, size=224),
        broad=BroadConfig(audio=AudioViewConfig(seconds=10.24, sample_rate_hz=48_000, padding="zeros")),
        model=ModelConfig(heads="shared", loss_scale="released"),
        optimizer=OptimizerConfig(peak_learning_rate=1.0, mask="official"),
        data=DataConfig(handover="float32"),
        steps=300_000,
    ),
    source="released code",
    data="AudioSet",
    choices=(
        "everything as the code does it, where that departs from the paper too: one head for all, the mean of half the "
        "squared distances, weight decay and LARS on biases and batch norm only; 16 of the 80 mel bands are empty",
    ),
)
