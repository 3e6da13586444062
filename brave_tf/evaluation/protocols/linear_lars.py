"""The protocol "linear-lars"."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count, NonNegative, Positive
from brave_tf.evaluation.protocol import ClassifierProtocol
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.feature_rows import FeatureRows, LabelRows


@dataclasses.dataclass(frozen=True)
class LinearLARS(ClassifierProtocol):
    """A linear layer, trained with LARS on frozen features.

    The paper leaves all of these numbers open.

    Attributes:
        epochs: passes over the features.
        batch_size: features per step.
        learning_rate: at the start; it falls to zero along a cosine.
        weight_decay: of LARS.

    Reference:
        The paper, section 4.2, Kinetics-600.
    """

    name: ClassVar[str] = "linear-lars"
    several_labels: ClassVar[bool] = True
    streams: ClassVar[bool] = True

    epochs: Count = 30
    batch_size: Count = 512
    learning_rate: Positive = 1.0
    weight_decay: NonNegative = 0.0

    @property
    def units(self) -> int:
        """See `FrozenProtocol.units`."""
        return self.epochs

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return (
            f"linear layer with LARS on standardised features: learning rate {self.learning_rate:g} falling along a "
            f"cosine, {self.epochs} epochs of {self.batch_size} features, weight decay {self.weight_decay:g}; the "
            "paper leaves all of them open"
        )

    def decide(
        self,
        train: "np.ndarray | FeatureRows",
        train_labels: "np.ndarray | LabelRows",
        test: "np.ndarray | FeatureRows",
        classes: int,
        seed: int,
        advance: Advance,
    ) -> "np.ndarray":
        """See `ClassifierProtocol.decide`; probabilities, averaged over the windows."""
        from brave_tf.evaluation.gradient_descent import GradientDescent
        from brave_tf.lars import LARS

        training = GradientDescent(
            self.epochs, self.batch_size, self.learning_rate, lambda rate: LARS(rate, weight_decay=self.weight_decay)
        )
        return training.decisions(train, train_labels, test, classes, seed, advance)
