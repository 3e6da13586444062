"""A whole pre-training experiment: its views, networks, optimizer, and how it runs."""

import dataclasses
from typing import Annotated, Literal

import pydantic

from brave_tf.config.evaluation import EvaluationConfig
from brave_tf.config.model import ModelConfig
from brave_tf.config.ranges import STRICT, Count, NonNegative, Positive, Probability
from brave_tf.config.views import BroadConfig, VideoViewConfig


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """LARS (the paper) or Adam (for tiny experiments), with linear warm-up and cosine decay to zero.

    Attributes:
        name: "lars" or "adam".
        peak_learning_rate: learning rate at the end of the warm-up.
        warmup_steps: steps of linear warm-up from 0; a tenth of the run where these are more than half of it.
        weight_decay: LARS only.
        momentum: LARS only; Nesterov.
        trust_coefficient: LARS only.
        predictor_multiplier: LARS only; factor on the update of every predictor.
        mask: LARS only; see `brave_tf.lars.LARS`.
    """

    __pydantic_config__ = STRICT
    name: Literal["lars", "adam"] = "lars"
    peak_learning_rate: Positive = 4.8
    warmup_steps: Annotated[int, pydantic.Field(ge=0)] = 5000
    weight_decay: NonNegative = 0.01
    momentum: Probability = 0.9
    trust_coefficient: Positive = 0.001
    predictor_multiplier: Positive = 10.0
    mask: Literal["paper_intent", "masks_flipped", "official"] = "paper_intent"


def warmup_within(steps: int, warmup_steps: int) -> int:
    """Steps of warm-up in `steps` steps: `warmup_steps`, or a tenth of the run if they are more than half of it.

    The paper's 5000 steps would otherwise fill a run of 5000, whose learning rate would rise and never fall.
    """
    return warmup_steps if 2 * warmup_steps <= steps else max(steps // 10, 1)


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """How views are made from records.

    Attributes:
        augment_on: "device" hands crops to the train step, which augments the batch; "host" augments in tf.data.
        handover: "uint8" rounds the resized crops before they are augmented, here or there, which changes pixels by at
            most half of 1/255; "float32" keeps them, at four times the bandwidth to the device.
        parallel_calls: clips decoded at once; 0 is one on each core.
    """

    __pydantic_config__ = STRICT
    augment_on: Literal["device", "host"] = "device"
    handover: Literal["uint8", "float32"] = "uint8"
    parallel_calls: Annotated[int, pydantic.Field(ge=0)] = 0


@dataclasses.dataclass(frozen=True)
class MonitorConfig:
    """What watches a run. Nothing of it changes what is learnt.

    Attributes:
        collapse_spread: a run whose spread of projections stays below this has collapsed and is stopped; 0 never stops
            one. The spread is 1 for healthy projections (`brave_tf.method.statistics`).
        collapse_patience: steps in a row below it; also of what `low_rank_share` says.
        low_rank_share: a run warns, once each time, when the effective rank of its projections stays below this share
            of what a batch allows, the smaller of `batch_size` - 1 and `model.projection_size`, while the loss is more
            than half of what useless predictions give; 0 never warns.
        probe_every: steps between two kNN probes of the encoder, on clips with labels if there are any; 0 never probes.
        probe_clips: clips that a probe embeds at most, half of them as neighbours.
        probe_label: the label column that probes score; empty is the column `label`, or the only one. Without such a
            column a run trains without a probe, and says so.
        damaged_share: share of the clips that may turn out to be damaged, each named and replaced by another, before
            the run is stopped; 0 stops it at the first.
    """

    __pydantic_config__ = STRICT
    collapse_spread: Probability = 0.5
    collapse_patience: Count = 20
    low_rank_share: Probability = 0.1
    probe_every: Annotated[int, pydantic.Field(ge=0)] = 5000
    probe_clips: Annotated[int, pydantic.Field(ge=4)] = 2000
    probe_label: str = ""
    damaged_share: Probability = 0.1


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
        precision: what the networks compute in; weights, batch norm and the loss stay float32. "float16" scales the
            loss against underflow.
        micro_batches: parts that a replica's share of the batch is worked through in, one after the other, for one
            update; batch norm sees one part at a time.
        monitor: what watches the run.
    """

    __pydantic_config__ = STRICT
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
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    micro_batches: Count = 1
    monitor: MonitorConfig = MonitorConfig()

    def __post_init__(self) -> None:
        if self.narrow.views != 1 or self.narrow.offset != "independent":
            raise ValueError(
                f"received narrow.views={self.narrow.views} and narrow.offset={self.narrow.offset}; expected 1 and "
                "independent: there is one narrow view, and the broad ones are placed by it"
            )
        if self.narrow.decode != "full":
            raise ValueError(f"received narrow.decode={self.narrow.decode}; expected full: only broad views are small")
        if self.model.objective != "regression" and self.micro_batches > 1:
            raise ValueError(
                f"received micro_batches={self.micro_batches} with model.objective={self.model.objective}, whose terms "
                "are statistics of the whole batch; expected 1, or model.objective=regression"
            )
        if self.model.share_backbone and self.broad.rgb is None:
            raise ValueError(
                "received model.share_backbone without broad.rgb; expected broad RGB views to share it with"
            )
        towers = {"narrow": (self.narrow, self.model.narrow)}
        for modality, view in self.broad.visual.items():
            towers[f"broad.{modality}"] = (view, getattr(self.model, modality))
        for name, (view, backbone) in towers.items():
            if view.frames == 1 and backbone.network == "resnet" and backbone.shift > 0:
                model = f"model.{name.removeprefix('broad.')}.shift"
                raise ValueError(
                    f"received {name}.frames=1 with {model}={backbone.shift:g}; one frame has no neighbours to shift "
                    f"channels from, and would lose them; expected {model}=0, or more frames"
                )
