"""Projectors and predictors."""

from typing import Any

import keras

from brave_tf.models.batch_norm import SyncBatchNormalization
from brave_tf.models.resnet_v2 import kernel_initializer


@keras.saving.register_keras_serializable("brave_tf")
class Head(keras.layers.Layer):
    """A projector and the predictor on top of it: features [B, D] -> {"z": [B, P], "h": [B, P]}.

    The projector is linear, batch norm, ReLU, linear, batch norm, and gives z, the target of the other view. The
    predictor is linear, batch norm, ReLU, linear, and gives h, which regresses the other view's z.

    Args:
        hidden_size: units of both hidden layers.
        projection_size: P.
        has_predictor: whether there is one; without, h is z.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Reference:
        The paper, section 4: two-layer heads with 4096 hidden units and 128 outputs.
    """

    def __init__(self, hidden_size: int = 4096, projection_size: int = 128, has_predictor: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.has_predictor = has_predictor
        self.hidden_size = hidden_size
        self.projection_size = projection_size

    def build(self, input_shape: Any) -> None:
        """Creates the weights for features of the given size."""
        self.projector = keras.Sequential(
            [
                *self._hidden_layer(input_shape[-1]),
                self._linear(self.hidden_size, self.projection_size, "linear_1"),
                SyncBatchNormalization(name="norm_1", dtype=self.dtype_policy),
            ],
            name="projector",
        )
        self.predictor = self._predictor() if self.has_predictor else None
        self.projector.build((None, input_shape[-1]))
        if self.predictor is not None:
            self.predictor.build((None, self.projection_size))
        self.built = True

    def _predictor(self) -> keras.Sequential:
        hidden = self._hidden_layer(self.projection_size)
        return keras.Sequential(
            [*hidden, self._linear(self.hidden_size, self.projection_size, "linear_1")], name="predictor"
        )

    def _hidden_layer(self, fan_in: int) -> list[keras.layers.Layer]:
        return [
            self._linear(fan_in, self.hidden_size, "linear_0"),
            SyncBatchNormalization(name="norm_0", dtype=self.dtype_policy),
            keras.layers.ReLU(name="relu", dtype=self.dtype_policy),
        ]

    def _linear(self, fan_in: int, units: int, name: str) -> keras.layers.Dense:
        initializer = kernel_initializer(fan_in)
        return keras.layers.Dense(units, kernel_initializer=initializer, name=name, dtype=self.dtype_policy)

    def call(self, features: Any, training: bool = False) -> dict[str, Any]:
        """Returns the projection z and the prediction h."""
        projection = self.projector(features, training=training)
        prediction = projection if self.predictor is None else self.predictor(projection, training=training)
        return {"z": projection, "h": prediction}

    def compute_output_shape(self, input_shape: Any) -> dict[str, Any]:
        """Shapes of z and h."""
        shape = (*input_shape[:-1], self.projection_size)
        return {"z": shape, "h": shape}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "hidden_size": self.hidden_size,
            "projection_size": self.projection_size,
            "has_predictor": self.has_predictor,
        }
