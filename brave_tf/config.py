"""Every setting of a BraVe experiment, as nested frozen dataclasses.

A `Config` is plain data: it imports neither TensorFlow nor NumPy, compares by value, and goes through JSON unchanged
(`brave_tf.config_values`). Its defaults are the paper's (section 4 and its implementation details).
"""

import dataclasses
from typing import Annotated, Any, Literal

import pydantic

SOURCE_FPS = 25.0
"""Frame rate of prepared clips. A view's `step` counts frames of this stream: step 2 is 12.5 fps."""

Probability = Annotated[float, pydantic.Field(ge=0.0, le=1.0)]
Positive = Annotated[float, pydantic.Field(gt=0.0)]
Count = Annotated[int, pydantic.Field(ge=1)]
NonNegative = Annotated[float, pydantic.Field(ge=0.0)]

Modality = Literal["rgb", "flow", "audio"]
Offset = Literal["independent", "aligned"]

_STRICT = pydantic.ConfigDict(extra="forbid")


@dataclasses.dataclass(frozen=True)
class AugmentConfig:
    """Spatial and colour augmentation of one visual view; drawn once per view, the same for every frame of it.

    Attributes:
        crop_area: range of the crop's area as a share of the image.
        crop_aspect: range of the crop's width / height.
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

    __pydantic_config__ = _STRICT
    crop_area: tuple[Probability, Probability] = (0.3, 1.0)
    crop_aspect: tuple[Positive, Positive] = (0.5, 2.0)
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


@dataclasses.dataclass(frozen=True)
class VideoViewConfig:
    """A visual view: `frames` frames, `step` source frames apart, of `size` x `size` pixels.

    Attributes:
        frames: frames in the view.
        step: distance between two of them in frames of the 25 fps source.
        size: height and width handed to the network, in pixels.
        views: how many views of this kind are drawn from a clip (K in the paper).
        offset: "independent" draws the start by itself; "aligned" starts where the narrow view starts.
        augment: the view's augmentation.
    """

    __pydantic_config__ = _STRICT
    frames: Count = 16
    step: Count = 2
    size: Count = 224
    views: Count = 1
    offset: Offset = "independent"
    augment: AugmentConfig = AugmentConfig()

    @property
    def span_frames(self) -> int:
        """Source frames from the first to the last sampled frame, both included."""
        return (self.frames - 1) * self.step + 1

    @property
    def seconds(self) -> float:
        """Nominal duration: frames * step / 25."""
        return self.frames * self.step / SOURCE_FPS


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
        offset: "aligned" starts where the narrow view starts; "independent" draws the start by itself.
    """

    __pydantic_config__ = _STRICT
    seconds: Positive = 5.0
    sample_rate_hz: Count = 16_000
    mel_bands: Count = 80
    window_samples: Count = 320
    step_samples: Count = 160
    low_hz: NonNegative = 80.0
    high_hz: Positive = 7_600.0
    offset: Offset = "aligned"

    def __post_init__(self) -> None:
        if not self.low_hz < self.high_hz <= self.sample_rate_hz / 2:
            raise ValueError(
                f"mel bands from {self.low_hz:g} to {self.high_hz:g} Hz do not fit sound at {self.sample_rate_hz} Hz, "
                f"which holds up to {self.sample_rate_hz / 2:g} Hz; set high_hz and low_hz within"
            )

    @property
    def samples(self) -> int:
        """Audio samples in the view."""
        return int(self.seconds * self.sample_rate_hz)

    @property
    def spectrogram_frames(self) -> int:
        """Frames of the log-mel spectrogram: ceil(samples / step_samples)."""
        return -(-self.samples // self.step_samples)


@dataclasses.dataclass(frozen=True)
class BroadConfig:
    """The broad views, by modality; at least one is set."""

    __pydantic_config__ = _STRICT
    rgb: VideoViewConfig | None = None
    audio: AudioViewConfig | None = None

    def __post_init__(self) -> None:
        if not self.modalities:
            raise ValueError("a configuration needs at least one broad view: set broad.rgb or broad.audio")

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities that are set, in a fixed order."""
        named: tuple[tuple[Modality, Any], ...] = (("rgb", self.rgb), ("audio", self.audio))
        return tuple(name for name, view in named if view is not None)


@dataclasses.dataclass(frozen=True)
class BackboneConfig:
    """One backbone. Depth 50 and width 1 are the paper's ResNet-50.

    Attributes:
        network: "resnet" is the TSM-ResNet V2 for pictures and the ResNet V2 for sound; "r3d" is for pictures only.
        depth: layers, in bottleneck blocks.
        width: factor on all channel counts.
    """

    __pydantic_config__ = _STRICT
    network: Literal["resnet", "r3d"] = "resnet"
    depth: Literal[14, 26, 50, 101, 152] = 50
    width: Positive = 1.0


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Backbones, heads and the scale of the loss.

    Attributes:
        narrow: the narrow video backbone.
        rgb: the broad video backbone, shared by the K views.
        audio: the audio backbone, over log-mel spectrograms.
        heads: "separate" gives each direction and modality its own projector and predictor (paper, section 3);
            "shared" one pair to all (released code), which needs backbones of one embedding size.
        hidden_size: hidden units of projectors and predictors.
        projection_size: size of z and h.
        loss_scale: "paper" sums 2 - 2 cos over directions and modalities; "released" averages 1 - cos over the terms.
    """

    __pydantic_config__ = _STRICT
    narrow: BackboneConfig = BackboneConfig()
    rgb: BackboneConfig = BackboneConfig()
    audio: BackboneConfig = BackboneConfig()
    hidden_size: Count = 4096
    projection_size: Count = 128
    heads: Literal["separate", "shared"] = "separate"
    loss_scale: Literal["paper", "released"] = "paper"

    def __post_init__(self) -> None:
        if self.audio.network != "resnet":
            raise ValueError(f"received audio.network={self.audio.network}; expected resnet, the only one for sound")


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """LARS (the paper) or Adam (for tiny experiments), with linear warm-up and cosine decay to zero.

    Attributes:
        name: "lars" or "adam".
        peak_learning_rate: learning rate at the end of the warm-up.
        warmup_steps: steps of linear warm-up from 0.
        weight_decay: LARS only.
        momentum: LARS only; Nesterov.
        trust_coefficient: LARS only.
        predictor_multiplier: LARS only; factor on the update of every predictor.
        mask: LARS only; see `brave_tf.training.lars.LARS`.
    """

    __pydantic_config__ = _STRICT
    name: Literal["lars", "adam"] = "lars"
    peak_learning_rate: Positive = 4.8
    warmup_steps: Annotated[int, pydantic.Field(ge=0)] = 5000
    weight_decay: NonNegative = 0.01
    momentum: Probability = 0.9
    trust_coefficient: Positive = 0.001
    predictor_multiplier: Positive = 10.0
    mask: Literal["paper_intent", "masks_flipped", "official"] = "paper_intent"


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """How views are made from records.

    Attributes:
        augment_on: "device" hands uint8 crops to the train step, which augments the batch; "host" augments in tf.data.
        parallel_calls: clips decoded at once; 0 lets tf.data choose.
    """

    __pydantic_config__ = _STRICT
    augment_on: Literal["device", "host"] = "device"
    parallel_calls: Annotated[int, pydantic.Field(ge=0)] = 0


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """The linear protocol (released code and its README; the paper's section 4).

    Attributes:
        frames: frames of an evaluation clip.
        step: distance between two of them in frames of the 25 fps source.
        size: height and width of the crop, in pixels.
        shorter_side: the frames' shorter side before cropping.
        epochs: augmented passes over the training clips.
        windows: temporal windows of a test clip.
        crops: spatial crops of a test window.
        audio_seconds: length of an audio window.
        svm_c: inverse regularisation of the linear SVM.
    """

    __pydantic_config__ = _STRICT
    frames: Count = 32
    step: Count = 2
    size: Count = 224
    shorter_side: Count = 256
    epochs: Count = 10
    windows: Count = 10
    crops: Count = 3
    audio_seconds: Positive = 5.0
    svm_c: Positive = 1e-4


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole pre-training experiment.

    Attributes:
        name: the preset it came from.
        narrow: the narrow RGB view.
        broad: the broad views, by modality.
        model: networks and loss.
        optimizer: optimizer and learning-rate schedule.
        data: how views are made.
        evaluation: the protocol that fits this encoder.
        steps: optimizer steps.
        batch_size: clips per step, over all replicas.
        seed: together with the step it decides everything random.
        checkpoint_every: steps between two checkpoints.
        keep_checkpoints: newest checkpoints that are kept.
        log_every: steps between two lines of `metrics.jsonl`.
        jit_compile: compile the train step with XLA.
    """

    __pydantic_config__ = _STRICT
    name: str
    broad: BroadConfig
    narrow: VideoViewConfig = VideoViewConfig()
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    data: DataConfig = DataConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    steps: Count = 300_000
    batch_size: Annotated[int, pydantic.Field(ge=2)] = 512
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**31)] = 0
    checkpoint_every: Count = 1000
    keep_checkpoints: Count = 3
    log_every: Count = 50
    jit_compile: bool = False
