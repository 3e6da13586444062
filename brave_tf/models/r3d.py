"""The three-dimensional residual backbone, R3D."""

from typing import Any, Literal

import keras

from brave_tf.models.batch_norm import SyncBatchNormalization
from brave_tf.models.blockwise import BlockwiseModel
from brave_tf.models.depths import BLOCKS
from brave_tf.models.framewise import Framewise
from brave_tf.models.resnet_v2 import kernel_initializer, normalised_relu, stem_channels

Stem = Literal["slow", "cvrl"]
TEMPORAL_UNITS = (2, 3)
"""Units whose blocks begin with a convolution over three frames."""


@keras.saving.register_keras_serializable("brave_tf")
class R3D(BlockwiseModel):
    """R3D: [B, T, H, W, C] float32 in [0, 1] -> [B, D], D = 2048 * width.

    The layout is that of the Slow pathway of SlowFast: the first two units look at single frames, the last two at three
    at a time, and time is never subsampled. Depth 50, width 1 and version 1 have 31,634,496 trainable parameters. The
    paper prints 31.8M, which this backbone reaches only together with a classifier of 101 classes.

    Args:
        depth: 14, 26, 50, 101 or 152 layers, in bottleneck blocks.
        width: factor on all channel counts.
        channels: input channels: 3 for RGB, 2 for optical flow.
        version: 1 normalises after each convolution (He et al., 2015), 2 before it (He et al., 2016).
        stem: "slow" looks at single frames; "cvrl" at five, and halves the frame rate.
        rematerialise: spare memory in training, see `brave_tf.models.blockwise.BlockwiseModel`.
        dtype: policy of every layer, such as "mixed_bfloat16"; None is the one that is set in `keras.config`.
        name: the model's name.
        **kwargs: further arguments of `keras.Model`.

    Attributes:
        endpoints: intermediate outputs by name, in order: `stem`, `unit_0` to `unit_3`, `last_conv`, each
            [B, t, h, w, c], and `embedding`.

    Raises:
        ValueError: an argument is none of those listed.

    Example:
        >>> R3D()(np.zeros([1, 16, 224, 224, 3], "float32")).shape
        (1, 2048)

    Reference:
        The paper, section 4, "network architectures"; Feichtenhofer et al., "A Large-Scale Study on Unsupervised
        Spatiotemporal Representation Learning", CVPR 2021. Differs from its code: paddings are "same", as in the other
        networks here, and the last scale of a block starts at 1.
    """

    def __init__(
        self,
        depth: int = 50,
        width: float = 1.0,
        channels: int = 3,
        version: Literal[1, 2] = 1,
        stem: Stem = "slow",
        rematerialise: bool = False,
        dtype: Any = None,
        name: str = "r3d",
        **kwargs: Any,
    ):
        stem_size = stem_channels(depth, width)
        if version not in (1, 2) or stem not in ("slow", "cvrl"):
            raise ValueError(f"received version={version}, stem={stem!r}; expected 1 or 2, and 'slow' or 'cvrl'")
        inputs = keras.Input((None, None, None, channels), name="video")
        endpoints, blocks = _units(_stem(inputs, stem_size, version, stem, dtype), depth, stem_size, version, dtype)
        endpoints["embedding"] = keras.layers.GlobalAveragePooling3D(name="embedding", dtype=dtype)(
            endpoints["last_conv"]
        )
        super().__init__(inputs=inputs, outputs=endpoints["embedding"], name=name, **kwargs)
        self.dtype_policy = dtype
        self.depth = depth
        self.width = width
        self.channels = channels
        self.version = version
        self.stem = stem
        self.endpoints = endpoints
        self.divide([inputs, endpoints["stem"], *blocks, endpoints["embedding"]], rematerialise)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("depth", "width", "channels", "version", "stem", "rematerialise", "name")
        return {**{name: getattr(self, name) for name in names}, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "R3D":
        """Builds the network that `get_config` describes."""
        return cls(**config)


def _stem(inputs: Any, channels: int, version: int, stem: Stem, dtype: Any) -> Any:
    frames, stride = (5, 2) if stem == "cvrl" else (1, 1)
    tensor = _convolve(inputs, channels, (frames, 7), (stride, 2), "stem", dtype)
    if version == 1:
        tensor = normalised_relu(tensor, "stem", dtype)
    return Framewise(keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool", dtype=dtype))(tensor)


def _units(tensor: Any, depth: int, channels: int, version: int, dtype: Any) -> tuple[dict[str, Any], list[Any]]:
    """Endpoints by name, and what comes out of every block before the last unit."""
    endpoints, blocks_out = {"stem": tensor}, []
    block = _block_v1 if version == 1 else _block_v2
    for unit, blocks in enumerate(BLOCKS[depth]):
        frames = 3 if unit in TEMPORAL_UNITS else 1
        for number in range(blocks):
            stride = 2 if unit > 0 and number == 0 else 1
            name = f"unit_{unit}_block_{number}"
            tensor = block(tensor, channels * 4 * 2**unit, frames, stride, number == 0, name, dtype)
            blocks_out.append(tensor)
        endpoints[f"unit_{unit}"] = tensor
    endpoints["last_conv"] = tensor if version == 1 else normalised_relu(tensor, "last", dtype)
    return endpoints, blocks_out[: -BLOCKS[depth][-1]]


def _block_v1(tensor: Any, channels: int, frames: int, stride: int, project: bool, name: str, dtype: Any) -> Any:
    shortcut = tensor
    if project:
        shortcut = _convolve(tensor, channels, (1, 1), (1, stride), f"{name}_shortcut", dtype)
        shortcut = SyncBatchNormalization(name=f"{name}_shortcut_norm", dtype=dtype)(shortcut)
    residual = _convolve(tensor, channels // 4, (frames, 1), (1, 1), f"{name}_conv_0", dtype)
    residual = normalised_relu(residual, f"{name}_0", dtype)
    residual = _convolve(residual, channels // 4, (1, 3), (1, stride), f"{name}_conv_1", dtype)
    residual = normalised_relu(residual, f"{name}_1", dtype)
    residual = _convolve(residual, channels, (1, 1), (1, 1), f"{name}_conv_2", dtype)
    residual = SyncBatchNormalization(name=f"{name}_2_norm", dtype=dtype)(residual)
    summed = keras.layers.Add(name=f"{name}_add", dtype=dtype)([shortcut, residual])
    return keras.layers.ReLU(name=f"{name}_relu", dtype=dtype)(summed)


def _block_v2(tensor: Any, channels: int, frames: int, stride: int, project: bool, name: str, dtype: Any) -> Any:
    active = normalised_relu(tensor, f"{name}_0", dtype)
    shortcut = tensor
    if project:
        shortcut = _convolve(active, channels, (1, 1), (1, stride), f"{name}_shortcut", dtype)
    residual = _convolve(active, channels // 4, (frames, 1), (1, 1), f"{name}_conv_0", dtype)
    residual = normalised_relu(residual, f"{name}_1", dtype)
    residual = _convolve(residual, channels // 4, (1, 3), (1, stride), f"{name}_conv_1", dtype)
    residual = normalised_relu(residual, f"{name}_2", dtype)
    residual = _convolve(residual, channels, (1, 1), (1, 1), f"{name}_conv_2", dtype)
    return keras.layers.Add(name=f"{name}_add", dtype=dtype)([shortcut, residual])


def _convolve(
    tensor: Any, channels: int, kernel: tuple[int, int], stride: tuple[int, int], name: str, dtype: Any
) -> Any:
    """A convolution whose kernel is (frames, side) and whose stride (frames, pixels)."""
    frames, side = kernel
    shared = {
        "padding": "same",
        "use_bias": False,
        "kernel_initializer": kernel_initializer(frames * side * side * tensor.shape[-1]),
        "name": name,
        "dtype": dtype,
    }
    if frames == 1:
        return Framewise(keras.layers.Conv2D(channels, side, strides=stride[1], **shared))(tensor)
    layer = keras.layers.Conv3D(channels, (frames, side, side), strides=(stride[0], stride[1], stride[1]), **shared)
    return layer(tensor)
