"""The protocol "finetune"."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count, NonNegative, Positive
from brave_tf.evaluation.protocol import EncoderLike, EvaluationProtocol, Results

if TYPE_CHECKING:
    from brave_tf.evaluation.clips import LabelledClips
    from brave_tf.evaluation.folds import Fold
    from brave_tf.evaluation.request import Request


@dataclasses.dataclass(frozen=True)
class FineTune(EvaluationProtocol):
    """Fine-tuning of the whole network with a new linear layer on top.

    The paper leaves all of these numbers open. The defaults are SGD with the numbers of another group's code for the
    same benchmark (SlowFast, UCF101).

    Attributes:
        epochs: passes over the training clips.
        batch_size: clips per step.
        learning_rate: at the start; it falls to zero along a cosine.
        momentum: of SGD.
        weight_decay: of SGD, decoupled from the gradient.
        dropout: share of the embedding that is dropped in training.
        checkpoint_every: steps between two checkpoints, from which an interrupted fine-tuning goes on; no score depends
            on it.
    """

    name: ClassVar[str] = "finetune"
    several_labels: ClassVar[bool] = True

    epochs: Count = 200
    batch_size: Count = 64
    learning_rate: Positive = 0.01
    momentum: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.9
    weight_decay: NonNegative = 0.0
    dropout: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.8
    checkpoint_every: Count = 100

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return (
            f"fine-tuning: SGD, momentum {self.momentum:g}, learning rate {self.learning_rate:g} falling along a "
            f"cosine, {self.epochs} epochs of {self.batch_size} clips, dropout {self.dropout:g}, weight decay "
            f"{self.weight_decay:g}; probabilities averaged over the test windows; the paper leaves all of them open"
        )

    def results(
        self,
        encoders: Sequence[EncoderLike],
        clips: "LabelledClips",
        folds: "Sequence[Fold]",
        request: "Request",
        cache: Path | None,
    ) -> Results:
        """See `EvaluationProtocol.results`."""
        from brave_tf.evaluation.fine_tuning import fine_tuned_results

        return fine_tuned_results(self, encoders, clips, folds, request, cache)
