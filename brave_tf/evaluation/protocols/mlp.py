"""The protocol "mlp"."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count, Positive
from brave_tf.evaluation.protocol import ClassifierProtocol
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.feature_rows import FeatureRows, LabelRows


@dataclasses.dataclass(frozen=True)
class MLP(ClassifierProtocol):
    """One hidden layer, trained with Adam on frozen features.

    The paper leaves all of these numbers open but that of the hidden units.

    Attributes:
        epochs: passes over the features.
        batch_size: features per step.
        learning_rate: at the start; it falls to zero along a cosine.
        hidden_size: hidden units.
        dropout: share of the hidden units that is dropped in training.

    Reference:
        The paper, section 4.2, AudioSet.
    """

    name: ClassVar[str] = "mlp"
    several_labels: ClassVar[bool] = True
    streams: ClassVar[bool] = True

    epochs: Count = 30
    batch_size: Count = 512
    learning_rate: Positive = 1e-3
    hidden_size: Count = 512
    dropout: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)] = 0.0

    @property
    def units(self) -> int:
        """See `FrozenProtocol.units`."""
        return self.epochs

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return (
            f"one hidden layer of {self.hidden_size} (paper) with ReLU on standardised features, dropout "
            f"{self.dropout:g}, Adam (paper) at {self.learning_rate:g} falling along a cosine, {self.epochs} epochs of "
            f"{self.batch_size} features; the paper leaves all else open"
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
        import keras

        from brave_tf.evaluation.gradient_descent import BatchDropout, GradientDescent

        initializer = keras.initializers.GlorotUniform(seed)
        hidden = keras.layers.Dense(self.hidden_size, activation="relu", kernel_initializer=initializer)
        layers = (hidden, BatchDropout(self.dropout, seed=seed))
        training = GradientDescent(self.epochs, self.batch_size, self.learning_rate, keras.optimizers.Adam, layers)
        return training.decisions(train, train_labels, test, classes, seed, advance)
