"""Networks and the scale of the loss."""

import dataclasses
from typing import Annotated, Literal

import pydantic

from brave_tf.config.ranges import STRICT, Count, Positive, Probability


@dataclasses.dataclass(frozen=True)
class BackboneConfig:
    """One backbone. Depth 50 and width 1 are the paper's ResNet-50.

    Attributes:
        network: "resnet" is the TSM-ResNet V2 for pictures and the ResNet V2 for sound; "r3d" is for pictures only.
        depth: layers, in bottleneck blocks.
        width: factor on all channel counts.
        shift: share of the channels that "resnet" shifts each way in time, rounded down to whole channels in every
            block; 0 makes it an image network. Sound has none.

    Raises:
        ValueError: `shift` is above 0 and moves no channel of any block.
    """

    __pydantic_config__ = STRICT
    network: Literal["resnet", "r3d"] = "resnet"
    depth: Literal[14, 26, 50, 101, 152] = 50
    width: Positive = 1.0
    shift: Annotated[float, pydantic.Field(ge=0.0, le=0.5)] = 0.125

    def __post_init__(self) -> None:
        widest = 32 * int(64 * self.width)
        if self.network == "resnet" and self.shift > 0 and widest > 0 and int(self.shift * widest) == 0:
            raise ValueError(
                f"received shift={self.shift:g} with width={self.width:g}, which moves none of the {widest} channels "
                f"of the widest block; expected at least {1 / widest:.3g}, or 0 for an image network"
            )


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Backbones, heads and the scale of the loss.

    Attributes:
        narrow: the narrow video backbone.
        rgb: the broad video backbone, shared by the K views.
        flow: the optical flow backbone, shared by the K views.
        audio: the audio backbone, over log-mel spectrograms.
        heads: "separate" gives each direction and modality its own projector and predictor (paper, section 3);
            "shared" one pair to all (released code), which needs backbones of one embedding size.
        share_backbone: the broad RGB views go through the narrow backbone, which is then one with theirs.
        target_momentum: None regresses the networks' own projections, as the paper does. A share m regresses those of a
            second set of networks, the moving average m * old + (1 - m) * new of the trained ones (BYOL; the paper
            finds it unnecessary, section 3.1).
        predictor: whether heads have a predictor; without one, h is z.
        stop_gradient: whether the z that a view regresses counts as a constant. The paper has both; they are there
            to be switched off in experiments.
        rematerialise: keep only the input of each residual block for the backward pass and compute the block again
            there: less memory, more time, the same result.
        hidden_size: hidden units of projectors and predictors.
        projection_size: size of z and h.
        objective: "regression" is the paper's. "vicreg" (Bardes et al., 2022) and "lejepa" (Balestriero, LeCun, 2025)
            keep projections apart by themselves, by statistics of the batch over all replicas; heads have no predictor
            then, and no gradient is stopped.
        loss_scale: "paper" sums 2 - 2 cos over directions and modalities; "released" averages 1 - cos over the terms.
    """

    __pydantic_config__ = STRICT
    narrow: BackboneConfig = BackboneConfig()
    rgb: BackboneConfig = BackboneConfig()
    flow: BackboneConfig = BackboneConfig()
    audio: BackboneConfig = BackboneConfig()
    hidden_size: Count = 4096
    projection_size: Count = 128
    heads: Literal["separate", "shared"] = "separate"
    objective: Literal["regression", "vicreg", "lejepa"] = "regression"
    loss_scale: Literal["paper", "released"] = "paper"
    share_backbone: bool = False
    target_momentum: Probability | None = None
    predictor: bool = True
    stop_gradient: bool = True
    rematerialise: bool = False

    def __post_init__(self) -> None:
        if self.audio.network != "resnet":
            raise ValueError(f"received audio.network={self.audio.network}; expected resnet, the only one for sound")
        if self.target_momentum is not None and not self.stop_gradient:
            raise ValueError(
                f"received stop_gradient=false with target_momentum={self.target_momentum:g}; expected one of them: no "
                "gradient reaches a moving average"
            )
        if self.objective != "regression" and (self.target_momentum is not None or self.loss_scale != "paper"):
            raise ValueError(
                f"received objective={self.objective} with target_momentum={self.target_momentum} and "
                f"loss_scale={self.loss_scale}; expected neither: they belong to objective=regression"
            )
        if self.share_backbone and self.narrow != self.rgb:
            names = [field.name for field in dataclasses.fields(self.rgb)]
            other = [name for name in names if getattr(self.narrow, name) != getattr(self.rgb, name)]
            raise ValueError(
                f"received model.share_backbone with {other[0]}={getattr(self.narrow, other[0])} in model.narrow and "
                f"{getattr(self.rgb, other[0])} in model.rgb; expected the same"
            )

    @property
    def has_predictor(self) -> bool:
        """Whether heads have a predictor: only the regression makes use of one."""
        return self.predictor and self.objective == "regression"
