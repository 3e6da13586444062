"""The protocol "attentive"."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count, NonNegative, Positive
from brave_tf.evaluation.protocol import EncoderLike, FrozenProtocol
from brave_tf.progress import Advance

if TYPE_CHECKING:
    from brave_tf.evaluation.frozen import EncoderFeatures
    from brave_tf.evaluation.request import Request
    from brave_tf.evaluation.scores import Answers


@dataclasses.dataclass(frozen=True)
class Attentive(FrozenProtocol):
    """A learned query attends to the frozen dense maps: the attentive probe of V-JEPA.

    Attributes:
        epochs: passes over the training clips, one window of each; more of few clips, so that there are 150 steps.
        batch_size: clips per step.
        learning_rates: of AdamW, to choose from on training videos alone; they fall to zero along a cosine.
        weight_decays: of AdamW, to choose from in the same way.
        heads: of the attention; fewer where they do not divide the channels.
        places: of a map at most; larger maps are averaged, so that they can be kept.
        join_windows: what becomes of a clip's windows: "mean" averages what is answered to each; "concat" attends to
            the places of all of them at once, and knows their order.

    Reference:
        Bardes et al., Revisiting feature prediction for learning visual representations from video (2024); its code.
    """

    name: ClassVar[str] = "attentive"
    several_labels: ClassVar[bool] = True
    augments: ClassVar[bool] = False

    epochs: Count = 20
    batch_size: Count = 64
    learning_rates: tuple[Positive, ...] = (1e-3, 3e-3)
    weight_decays: tuple[NonNegative, ...] = (0.01, 0.1)
    heads: Count = 8
    places: Count = 256
    join_windows: Literal["mean", "concat"] = dataclasses.field(default="mean", metadata={"flags": ("--join-windows",)})

    def __post_init__(self) -> None:
        if not self.learning_rates or not self.weight_decays:
            raise ValueError("received no learning rate or no weight decay; expected at least one of each")

    @property
    def units(self) -> int:
        """See `FrozenProtocol.units`."""
        return len(self.grid) + 1

    @property
    def grid(self) -> list[tuple[float, float]]:
        """Learning rates with weight decays; what is taken where there are too few videos to choose comes first."""
        pairs = [(rate, decay) for rate in self.learning_rates for decay in self.weight_decays]
        middle = (sorted(self.learning_rates)[len(self.learning_rates) // 2], max(self.weight_decays))
        return sorted(set(pairs), key=lambda pair: (pair != middle, pair))

    @property
    def map_places(self) -> int:
        """See `FrozenProtocol.map_places`."""
        return self.places

    def check(self, encoder: EncoderLike) -> None:
        """See `EvaluationProtocol.check`; the encoder needs a dense map."""
        from brave_tf.evaluation.dense_maps import network_of

        network_of(encoder)

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        joined = "answers averaged" if self.join_windows == "mean" else "in order, all attended to at once"
        return (
            f"attentive probe: one query, {self.heads} heads, at most {self.places} places of the dense map, "
            f"{input_view.view.windows} windows, {joined}; AdamW, learning rate and weight decay chosen on training "
            "videos. The paper has no such protocol"
        )

    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """See `FrozenProtocol.encoder_answers`; the fact is `regularisation`."""
        from brave_tf.evaluation.attentive_probe import attentive_answers
        from brave_tf.evaluation.regularisation import HELD_OUT, told

        answers, choices = attentive_answers(self, features, request.seed, advance)
        return answers, told(choices, "learning rate and weight decay", HELD_OUT)
