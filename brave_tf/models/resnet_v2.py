"""The pre-activation residual network that the video and the audio backbone share."""

import math
from collections.abc import Callable
from typing import Any

import keras

from brave_tf.models.batch_norm import SyncBatchNormalization
from brave_tf.models.depths import BLOCKS

MakeLayer = Callable[[keras.layers.Layer], keras.layers.Layer]


def resnet_v2(
    inputs: Any,
    depth: int,
    width: float,
    make: MakeLayer = lambda layer: layer,
    shift: Callable[[Any], Any] = lambda tensor: tensor,
    dtype: Any = None,
) -> tuple[dict[str, Any], list[Any]]:
    """Builds stem, four units and the last activation on `inputs`.

    No convolution has a bias, the stem has neither batch norm nor ReLU, shortcuts have no batch norm, and the
    projecting shortcut sees the activations before the temporal shift (released code).

    Args:
        inputs: a `KerasTensor` that `make`'s layers accept.
        depth: a key of `BLOCKS`.
        width: factor on all channel counts.
        make: wraps every convolution and pooling layer, for example in `Framewise`.
        shift: applied to the residual branch of every block before its first convolution.
        dtype: policy of every layer, as Keras names them; None is the one that is set.

    Returns:
        Endpoints in order: `stem`, `unit_0` to `unit_3`, `last_conv`; and what comes out of every block before the last
        unit.

    Raises:
        ValueError: `depth` is not a key of `BLOCKS`, or `width` leaves no channels.
    """
    channels = stem_channels(depth, width)
    tensor = make(_convolution(inputs.shape[-1], channels, 7, 2, "stem", dtype))(inputs)
    tensor = make(keras.layers.MaxPooling2D(3, 2, padding="same", name="stem_pool", dtype=dtype))(tensor)
    endpoints, blocks_out = {"stem": tensor}, []
    for unit, blocks in enumerate(BLOCKS[depth]):
        for block in range(blocks):
            stride = 2 if unit > 0 and block == 0 else 1
            tensor = _block(
                tensor, channels * 4 * 2**unit, stride, block == 0, f"unit_{unit}_block_{block}", make, shift, dtype
            )
            blocks_out.append(tensor)
        endpoints[f"unit_{unit}"] = tensor
    endpoints["last_conv"] = normalised_relu(tensor, "last", dtype)
    return endpoints, blocks_out[: -BLOCKS[depth][-1]]


def stem_channels(depth: int, width: float) -> int:
    """Channels of the stem of a residual network.

    Raises:
        ValueError: `depth` is not a key of `BLOCKS`, or `width` leaves no channels.
    """
    if depth not in BLOCKS:
        raise ValueError(f"received depth={depth}; expected one of {', '.join(map(str, BLOCKS))}")
    channels = int(64 * width)
    if channels < 1:
        raise ValueError(f"received width={width}; expected at least 1/64, which leaves one channel in the stem")
    return channels


def kernel_initializer(fan_in: int) -> keras.initializers.Initializer:
    """Normal with standard deviation 1/sqrt(fan_in), cut at two of them and not rescaled (released code)."""
    return keras.initializers.TruncatedNormal(stddev=1.0 / math.sqrt(fan_in))


def _block(
    tensor: Any, channels: int, stride: int, project: bool, name: str, make: MakeLayer, shift: Any, dtype: Any
) -> Any:
    bottleneck = channels // 4
    active = normalised_relu(tensor, f"{name}_0", dtype)
    shortcut = tensor
    if project:
        shortcut = make(_convolution(tensor.shape[-1], channels, 1, stride, f"{name}_shortcut", dtype))(active)
    residual = make(_convolution(tensor.shape[-1], bottleneck, 1, 1, f"{name}_conv_0", dtype))(shift(active))
    residual = normalised_relu(residual, f"{name}_1", dtype)
    residual = make(_convolution(bottleneck, bottleneck, 3, stride, f"{name}_conv_1", dtype))(residual)
    residual = normalised_relu(residual, f"{name}_2", dtype)
    residual = make(_convolution(bottleneck, channels, 1, 1, f"{name}_conv_2", dtype))(residual)
    return keras.layers.Add(name=f"{name}_add", dtype=dtype)([shortcut, residual])


def normalised_relu(tensor: Any, name: str, dtype: Any = None) -> Any:
    """Batch norm, then ReLU."""
    normalised = SyncBatchNormalization(name=f"{name}_norm", dtype=dtype)(tensor)
    return keras.layers.ReLU(name=f"{name}_relu", dtype=dtype)(normalised)


def _convolution(
    channels_in: int, channels_out: int, kernel: int, stride: int, name: str, dtype: Any
) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        channels_out,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=kernel_initializer(kernel * kernel * channels_in),
        name=name,
        dtype=dtype,
    )
