"""Two-dimensional layers over the frames of a clip."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("brave_tf")
class Framewise(keras.layers.Wrapper):
    """Applies an image layer to every frame of a clip: [B, T, H, W, C] -> [B, T, h, w, c].

    Clips and frames are merged into one batch axis, so the inner layer runs once, as the two-dimensional operation that
    every accelerator is fastest at. Its weights keep their two-dimensional shapes and do not depend on T, H or W.

    Args:
        layer: a layer that takes [N, H, W, C], for example `keras.layers.Conv2D`.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Example:
        >>> Framewise(keras.layers.Conv2D(64, 7, strides=2, padding="same"))(clips)
    """

    def __init__(self, layer: keras.layers.Layer, **kwargs: Any):
        kwargs.setdefault("name", layer.name)
        kwargs.setdefault("dtype", layer.dtype_policy)
        super().__init__(layer, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Builds the inner layer for one frame of the clip."""
        if len(input_shape) != 5:
            raise ValueError(f"{self.name} received shape {tuple(input_shape)}; expected [B, T, H, W, C]")
        # A loaded layer comes with its inner one built.
        if not self.layer.built:
            self.layer.build((None, *input_shape[2:]))
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output clip."""
        return (*input_shape[:2], *self.layer.compute_output_shape((None, *input_shape[2:]))[1:])

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """Runs the inner layer on all frames at once."""
        batch, frames, *frame_shape = ops.shape(inputs)
        outputs = self.layer(ops.reshape(inputs, (-1, *frame_shape)), **kwargs)
        return ops.reshape(outputs, (batch, frames, *ops.shape(outputs)[1:]))
