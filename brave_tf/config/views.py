"""What the narrow and broad views of a clip are."""

import dataclasses
from typing import Literal

from brave_tf.config.ranges import STRICT, Count, NonNegative, Positive, Probability
from brave_tf.modalities import MODALITIES, NARROW, Modality

SOURCE_FPS = 25.0
"""Frame rate of prepared clips. A view's `step` counts frames of this stream: step 2 is 12.5 fps."""

Offset = Literal["independent", "aligned"]
Decode = Literal["full", "small"]
Sync = Literal["aligned", "centered", "independent"]


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Spatial and colour augmentation of one visual view; drawn once per view, the same for every frame of it.

    Optical flow is cropped and flipped only (paper, section 4.1, "augmentations").

    Attributes:
        crop_area: range of the crop's area as a share of the image.
        crop_aspect: range of the crop's width / height.
        scale_jitter: range of a zoom into the drawn crop, on top of its area; 1 to 1 is none. The paper names scale
            jittering and not its numbers, and the released code has no more of it than the crop's area.
        flip: probability of a horizontal flip.
        blur: probability of a Gaussian blur.
        blur_sigma: range of its standard deviation, in pixels.
        color: probability of colour jitter (brightness, saturation, contrast, hue in this order).
        brightness: largest brightness offset, as a share of white.
        saturation: saturation factor is drawn from 1 - saturation to 1 + saturation.
        contrast: contrast factor is drawn from 1 - contrast to 1 + contrast.
        hue: largest hue rotation, as a share of the colour circle.
        grayscale: probability of dropping colour.
        random_convolution: probability of filtering the view with one random kernel of size 1 to 11.
    """

    __pydantic_config__ = STRICT
    crop_area: tuple[Probability, Probability] = (0.3, 1.0)
    crop_aspect: tuple[Positive, Positive] = (0.5, 2.0)
    scale_jitter: tuple[Positive, Positive] = (1.0, 1.0)
    flip: Probability = 0.5
    blur: Probability = 1.0
    blur_sigma: tuple[Positive, Positive] = (0.1, 2.0)
    color: Probability = 0.8
    brightness: Probability = 32 / 255
    saturation: Probability = 0.4
    contrast: Probability = 0.4
    hue: Probability = 0.2
    grayscale: Probability = 0.2
    random_convolution: Probability = 0.0

    def __post_init__(self) -> None:
        for name in ("crop_area", "crop_aspect", "scale_jitter", "blur_sigma"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"received {name}={low},{high}; expected two numbers above 0, the smaller one first")


FLOW_AUGMENT = AugmentConfig(blur=0.0, color=0.0, grayscale=0.0)
"""Random crop and horizontal flip, the paper's augmentation of optical flow; for whatever has no colours."""


@dataclasses.dataclass(frozen=True)
class VideoViewConfig:
    """A visual view, such as RGB or flow: `frames` frames, `step` source frames apart, of `size` x `size` pixels.

    Attributes:
        frames: frames in the view.
        step: distance between two of them in frames of the 25 fps source.
        size: height and width handed to the network, in pixels.
        views: how many views of this kind are drawn from a clip (K in the paper).
        offset: "independent" draws the start by itself; "aligned" starts where the narrow view starts.
        decode: "full" cuts crops out of a clip's frames; "small", for broad RGB views alone, out of the small frames
            that `prepare --broad-size` stored beside them, which takes half the time and blurs (docs/scaling.md).
        augment: the view's augmentation.
    """

    __pydantic_config__ = STRICT
    frames: Count = 16
    step: Count = 2
    size: Count = 224
    views: Count = 1
    offset: Offset = "independent"
    decode: Decode = "full"
    augment: AugmentConfig = AugmentConfig()

    @property
    def span_frames(self) -> int:
        """Source frames from the first to the last sampled frame, both included."""
        return (self.frames - 1) * self.step + 1

    @property
    def seconds(self) -> float:
        """Nominal duration: frames * step / 25."""
        return self.frames * self.step / SOURCE_FPS

    @property
    def pixels(self) -> int:
        """Pixels of all frames together, the budget that narrow and broad views share (paper, section 3.2)."""
        return self.frames * self.size**2


@dataclasses.dataclass(frozen=True)
class AudioViewConfig:
    """A log-mel view of the sound.

    Attributes:
        seconds: how much sound.
        sample_rate_hz: rate of the waveform it is computed from; the dataset must hold this rate.
        mel_bands: mel bands.
        window_samples: Hann window and FFT length.
        step_samples: hop between two spectrogram frames.
        low_hz: lower edge of the lowest band.
        high_hz: upper edge of the highest band.
        offset: "aligned" starts where the narrow view starts; "centered" has its middle at the narrow view's middle;
            "independent" draws the start by itself.
        padding: a view that runs past the end "loop"s to the start of the sound; "zeros" is the released code's rule,
            which repeats the sound as often as the picture and fills what is then missing with silence.
    """

    __pydantic_config__ = STRICT
    seconds: Positive = 5.0
    sample_rate_hz: Count = 16_000
    mel_bands: Count = 80
    window_samples: Count = 320
    step_samples: Count = 160
    low_hz: NonNegative = 80.0
    high_hz: Positive = 7_600.0
    offset: Sync = "aligned"
    padding: Literal["loop", "zeros"] = "loop"

    def __post_init__(self) -> None:
        if not self.low_hz < self.high_hz <= self.sample_rate_hz / 2:
            raise ValueError(
                f"mel bands from {self.low_hz:g} to {self.high_hz:g} Hz do not fit sound at {self.sample_rate_hz} Hz, "
                f"which holds up to {self.sample_rate_hz / 2:g} Hz; set high_hz and low_hz within"
            )
        if self.padding == "zeros" and self.offset != "aligned":
            raise ValueError(f"received padding=zeros with offset={self.offset}; expected offset=aligned, as released")

    @property
    def samples(self) -> int:
        """Audio samples in the view."""
        return int(self.seconds * self.sample_rate_hz)

    @property
    def nominal_frames(self) -> int:
        """Frames of the 25 fps source that sound as long."""
        return round(self.seconds * SOURCE_FPS)

    @property
    def spectrogram_frames(self) -> int:
        """Frames of the log-mel spectrogram: ceil(samples / step_samples)."""
        return -(-self.samples // self.step_samples)


@dataclasses.dataclass(frozen=True)
class BroadConfig:
    """The broad views, by modality; at least one is set."""

    __pydantic_config__ = STRICT
    rgb: VideoViewConfig | None = None
    flow: VideoViewConfig | None = None
    audio: AudioViewConfig | None = None

    def __post_init__(self) -> None:
        if not self.modalities:
            *most, last = (f"broad.{name}" for name in MODALITIES)
            raise ValueError(f"at least one broad view is needed: set {', '.join(most)} or {last}")
        for modality, view in self.visual.items():
            if modality != NARROW and view.decode != "full":
                raise ValueError(
                    f"received {modality}.decode={view.decode}; expected full: there are small frames of "
                    f"{MODALITIES[NARROW].word} alone"
                )
            if not MODALITIES[modality].has_colors:
                _check_without_colors(modality, view.augment)

    @property
    def visual(self) -> dict[Modality, VideoViewConfig]:
        """The broad views that are made of frames, by modality."""
        return {name: getattr(self, name) for name in self.modalities if not MODALITIES[name].is_sound}

    @property
    def sound(self) -> dict[Modality, AudioViewConfig]:
        """The broad views that are made of sound, by modality."""
        return {name: getattr(self, name) for name in self.modalities if MODALITIES[name].is_sound}

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities that are set, in a fixed order."""
        return tuple(name for name in MODALITIES if getattr(self, name) is not None)


def _check_without_colors(modality: Modality, augment: AugmentConfig) -> None:
    for name in ("blur", "color", "grayscale", "random_convolution"):
        if getattr(augment, name):
            raise ValueError(
                f"received {modality}.augment.{name}={getattr(augment, name):g}; expected 0: "
                f"{MODALITIES[modality].word} has no colours, and is only cropped, scaled and flipped"
            )
