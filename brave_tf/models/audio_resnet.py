"""The audio backbone: the same residual network over log-mel spectrograms."""

from typing import Any

import keras

from brave_tf.models.blockwise import BlockwiseModel
from brave_tf.models.resnet_v2 import resnet_v2


@keras.saving.register_keras_serializable("brave_tf")
class AudioResNet(BlockwiseModel):
    """Audio ResNet V2: log-mel spectrograms [B, S, M] float32 -> [B, D], D = 2048 * width.

    Spectrogram frames play the part of image height. Depth 50 and width 1 are the paper's audio ResNet-50 (23,494,080
    trainable parameters).

    Args:
        depth: 14, 26, 50, 101 or 152 layers, in bottleneck blocks.
        width: factor on all channel counts.
        rematerialise: spare memory in training, see `brave_tf.models.blockwise.BlockwiseModel`.
        dtype: policy of every layer, such as "mixed_bfloat16"; None is the one that is set in `keras.config`.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`.

    Attributes:
        endpoints: intermediate outputs by name, in order: `stem`, `unit_0` to `unit_3`, `last_conv`, `embedding`.

    Raises:
        ValueError: `depth` or `width` cannot be built.

    Reference:
        The paper, section 4, "network architectures".
    """

    def __init__(
        self,
        depth: int = 50,
        width: float = 1.0,
        rematerialise: bool = False,
        dtype: Any = None,
        name: str = "audio_resnet",
        **kwargs: Any,
    ):
        inputs = keras.Input((None, None), name="audio")
        endpoints, blocks = resnet_v2(keras.ops.expand_dims(inputs, -1), depth, width, dtype=dtype)
        endpoints["embedding"] = keras.layers.GlobalAveragePooling2D(name="embedding", dtype=dtype)(
            endpoints["last_conv"]
        )
        super().__init__(inputs=inputs, outputs=endpoints["embedding"], name=name, **kwargs)
        self.dtype_policy = dtype
        self.depth = depth
        self.width = width
        self.endpoints = endpoints
        self.divide([inputs, endpoints["stem"], *blocks, endpoints["embedding"]], rematerialise)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "depth": self.depth,
            "width": self.width,
            "rematerialise": self.rematerialise,
            "dtype": self.dtype_policy.name,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AudioResNet":
        """Builds the network that `get_config` describes."""
        return cls(**config)
