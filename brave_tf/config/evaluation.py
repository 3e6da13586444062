"""What an evaluation shows to an encoder, and how classifiers are trained on what it answers."""

import dataclasses
from typing import Annotated, Literal

import pydantic

from brave_tf.config.ranges import STRICT, Count, NonNegative, Positive
from brave_tf.config.views import FLOW_AUGMENT, AudioViewConfig, AugmentConfig, VideoViewConfig
from brave_tf.modalities import MODALITIES, NARROW, Modality

RGB_AUGMENT = AugmentConfig(blur=0.0)
"""Augmentation of the samples that train a classifier: as in pre-training, without blur (paper, section 4.2)."""


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """The evaluation-time input (released code and its README; the paper's section 4).

    Attributes:
        frames: frames of an evaluation clip.
        step: distance between two of them in frames of the 25 fps source.
        size: height and width of the crop, in pixels.
        shorter_side: the frames' shorter side before cropping.
        epochs: augmented passes over the training clips.
        windows: temporal windows of a test clip.
        crops: spatial crops of a test window.
        crop_places: "diagonal" places them from the upper left to the lower right corner (released code), "centered"
            in a row along the longer side.
        audio_seconds: length of an audio window.
        svm_c: inverse regularisation of the linear SVM.
    """

    __pydantic_config__ = STRICT
    frames: Count = 32
    step: Count = 2
    size: Count = 224
    shorter_side: Count = 256
    epochs: Count = 10
    windows: Count = 10
    crops: Count = 3
    crop_places: Literal["diagonal", "centered"] = "diagonal"
    audio_seconds: Positive = 5.0
    svm_c: Positive = 1e-4


@dataclasses.dataclass(frozen=True)
class EvaluationInput:
    """What an encoder is shown.

    Attributes:
        modality: what it embeds.
        view: lengths, sizes and counts.
        audio: the log-mel front end of an audio encoder; its length is `view.audio_seconds`.
    """

    modality: Modality = NARROW
    view: EvaluationConfig = EvaluationConfig()
    audio: AudioViewConfig | None = None

    @property
    def video(self) -> VideoViewConfig:
        """One clip as a visual view that trains a classifier."""
        view = self.view
        augment = RGB_AUGMENT if MODALITIES[self.modality].has_colors else FLOW_AUGMENT
        return VideoViewConfig(frames=view.frames, step=view.step, size=view.size, augment=augment)

    @property
    def sound(self) -> AudioViewConfig:
        """One window of sound."""
        return dataclasses.replace(self.audio or AudioViewConfig(), seconds=self.view.audio_seconds)

    @property
    def crops(self) -> int:
        """Crops of a window; sound has none."""
        return 1 if MODALITIES[self.modality].is_sound else self.view.crops


@dataclasses.dataclass(frozen=True)
class HeadConfig:
    """A classifier that is trained on frozen features. The paper leaves all of these numbers open.

    Attributes:
        epochs: passes over the features, of which there are `EvaluationConfig.epochs` per clip.
        batch_size: features per step.
        learning_rate: at the start; it falls to zero along a cosine.
        weight_decay: LARS only.
        hidden_size: hidden units of the "mlp" protocol (paper: 512).
        dropout: share of the hidden units that are dropped in training; "mlp" only.
    """

    __pydantic_config__ = STRICT
    epochs: Count = 30
    batch_size: Count = 512
    learning_rate: Positive = 1e-3
    weight_decay: NonNegative = 0.0
    hidden_size: Count = 512
    dropout: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.0


LARS_HEAD = HeadConfig(learning_rate=1.0)
"""Of the "linear-lars" protocol."""


@dataclasses.dataclass(frozen=True)
class FineTuneConfig:
    """Training of the whole network with a new linear layer on top. The paper leaves all of these numbers open.

    The defaults are SGD with the numbers of another group's code for the same benchmark (SlowFast, UCF101).

    Attributes:
        epochs: passes over the training clips.
        batch_size: clips per step.
        learning_rate: at the start; it falls to zero along a cosine.
        momentum: of SGD.
        weight_decay: of SGD, decoupled from the gradient.
        dropout: share of the embedding that is dropped in training.
    """

    __pydantic_config__ = STRICT
    epochs: Count = 200
    batch_size: Count = 64
    learning_rate: Positive = 0.01
    momentum: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.9
    weight_decay: NonNegative = 0.0
    dropout: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.8
