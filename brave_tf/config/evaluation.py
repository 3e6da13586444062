"""What an evaluation shows to an encoder."""

import dataclasses
from typing import Literal

from brave_tf.config.ranges import STRICT, Count, Positive
from brave_tf.config.views import FLOW_AUGMENT, AudioViewConfig, AugmentConfig, VideoViewConfig
from brave_tf.modalities import MODALITIES, NARROW, Modality

RGB_AUGMENT = AugmentConfig(blur=0.0)
"""The paper's, without blur, for the samples that train a classifier."""


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """The evaluation-time input (released code and its README; the paper's section 4).

    Attributes:
        frames: frames of an evaluation clip.
        step: distance between two of them in frames of the 25 fps source.
        size: height and width of the crop, in pixels.
        shorter_side: the frames' shorter side before cropping.
        epochs: augmented passes over the training clips.
        windows: temporal windows of a test clip. `brave-tf evaluate` also takes "concat", which keeps them in order
            where a protocol would average them, "thirds", which averages each third, or both with a comma, such as
            12,concat.
        crops: spatial crops of a test window.
        color: "rgb" shows frames in their colours, "gray" without; "as-trained" is grey for an encoder whose training
            views were all grey, and else in colours.
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
    color: Literal["as-trained", "rgb", "gray"] = "as-trained"
    audio_seconds: Positive = 5.0
    svm_c: Positive = 1e-4


@dataclasses.dataclass(frozen=True)
class EvaluationInput:
    """What an encoder is shown.

    Attributes:
        modality: what it embeds.
        view: lengths, sizes and counts.
        audio: the log-mel front end of an audio encoder; its length is `view.audio_seconds`.
        augment: the augmentation that a visual encoder was pre-trained with; None where it does not say.
    """

    modality: Modality = NARROW
    view: EvaluationConfig = EvaluationConfig()
    audio: AudioViewConfig | None = None
    augment: AugmentConfig | None = None

    @property
    def video(self) -> VideoViewConfig:
        """One clip as a visual view that trains a classifier.

        It is augmented as in pre-training, without blur (paper, section 4.2) and without random convolution; where the
        encoder does not say how it was pre-trained, by the paper's numbers. It is grey where test clips are.
        """
        view, augment = self.view, self.augment
        if augment is None:
            augment = RGB_AUGMENT if MODALITIES[self.modality].has_colors else FLOW_AUGMENT
        augment = dataclasses.replace(augment, blur=0.0, random_convolution=0.0)
        if self.is_gray:
            augment = dataclasses.replace(augment, grayscale=1.0)
        elif augment.grayscale == 1:
            augment = dataclasses.replace(augment, grayscale=0.0)
        return VideoViewConfig(frames=view.frames, step=view.step, size=view.size, augment=augment)

    @property
    def is_gray(self) -> bool:
        """Whether frames are shown without their colours."""
        if not MODALITIES[self.modality].has_colors:
            return False
        if self.view.color == "as-trained":
            return self.augment is not None and self.augment.grayscale == 1
        return self.view.color == "gray"

    @property
    def sound(self) -> AudioViewConfig:
        """One window of sound."""
        return dataclasses.replace(self.audio or AudioViewConfig(), seconds=self.view.audio_seconds)

    @property
    def clip_shape(self) -> tuple[int, ...]:
        """The shape of one clip as an encoder is shown it: [T, H, W, C], or [S, M] of sound."""
        facts = MODALITIES[self.modality]
        if facts.is_sound:
            return (self.sound.spectrogram_frames, self.sound.mel_bands)
        return (self.view.frames, self.view.size, self.view.size, facts.channels)

    @property
    def crops(self) -> int:
        """Crops of a window; sound has none."""
        return 1 if MODALITIES[self.modality].is_sound else self.view.crops
