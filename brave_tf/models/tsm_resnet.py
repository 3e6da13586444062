"""The video backbone: a pre-activation ResNet with temporal shifts."""

import functools
from typing import Any

import keras

from brave_tf.models.blockwise import BlockwiseModel
from brave_tf.models.framewise import Framewise
from brave_tf.models.resnet_v2 import resnet_v2
from brave_tf.models.temporal_shift import SHIFT_FRACTION, temporal_shift


@keras.saving.register_keras_serializable("brave_tf")
class TSMResNet(BlockwiseModel):
    """TSM-ResNet V2: [B, T, H, W, C] float32 in [0, 1] -> [B, D], D = 2048 * width.

    The weights depend on neither T, H nor W: a network trained on 16 frames embeds 32. Depth 50 and width 1 are the
    paper's TSM-50 (23,500,352 trainable parameters), width 2 its TSM-50x2.

    Args:
        depth: 14, 26, 50, 101 or 152 layers, in bottleneck blocks.
        width: factor on all channel counts.
        channels: input channels: 3 for RGB, 2 for optical flow.
        shift_fraction: share of the channels that is shifted each way in time.
        rematerialise: spare memory in training, see `brave_tf.models.blockwise.BlockwiseModel`.
        dtype: policy of every layer, such as "mixed_bfloat16"; None is the one that is set in `keras.config`.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`.

    Attributes:
        endpoints: intermediate outputs by name, in order: `stem`, `unit_0` to `unit_3`, `last_conv`, each
            [B, T, h, w, c], and `embedding`.

    Raises:
        ValueError: `depth` or `width` cannot be built.

    Example:
        >>> TSMResNet()(np.zeros([2, 16, 224, 224, 3], "float32")).shape
        (2, 2048)

    Reference:
        The paper, section 4, "network architectures".
    """

    def __init__(
        self,
        depth: int = 50,
        width: float = 1.0,
        channels: int = 3,
        shift_fraction: float = SHIFT_FRACTION,
        rematerialise: bool = False,
        dtype: Any = None,
        name: str = "tsm_resnet",
        **kwargs: Any,
    ):
        inputs = keras.Input((None, None, None, channels), name="video")
        shift = functools.partial(temporal_shift, fraction=shift_fraction)
        endpoints, blocks = resnet_v2(inputs, depth, width, make=Framewise, shift=shift, dtype=dtype)
        endpoints["embedding"] = keras.layers.GlobalAveragePooling3D(name="embedding", dtype=dtype)(
            endpoints["last_conv"]
        )
        super().__init__(inputs=inputs, outputs=endpoints["embedding"], name=name, **kwargs)
        self.dtype_policy = dtype
        self.depth = depth
        self.width = width
        self.channels = channels
        self.shift_fraction = shift_fraction
        self.endpoints = endpoints
        self.divide([inputs, endpoints["stem"], *blocks, endpoints["embedding"]], rematerialise)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "depth": self.depth,
            "width": self.width,
            "channels": self.channels,
            "shift_fraction": self.shift_fraction,
            "rematerialise": self.rematerialise,
            "dtype": self.dtype_policy.name,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TSMResNet":
        """Builds the network that `get_config` describes."""
        return cls(**config)
