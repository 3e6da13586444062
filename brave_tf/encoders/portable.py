"""A backbone as a graph of stock Keras layers, which loads wherever Keras is installed."""

import math

import keras
import numpy as np

from brave_tf.models.batch_norm import SyncBatchNormalization
from brave_tf.models.framewise import Framewise


def to_stock_layers(backbone: keras.Model) -> keras.Model:
    """The same network with the same weights, built from Keras' own layers and operations alone.

    Every `Framewise` layer becomes the three-dimensional layer that looks at one frame at a time, batch norm no longer
    asks for other replicas, and everything computes in float32. The result is slower to train under XLA on CPU, equal
    otherwise.

    Args:
        backbone: a functional model with one input and one output.

    Returns:
        A plain functional `keras.Model`; saved as `.keras`, it loads without this library.
    """
    functional = keras.Model(backbone.input, backbone.output, name=backbone.name)
    stock = keras.models.clone_model(functional, clone_function=_stock_layer)
    copy_weights(backbone, stock)
    return stock


def copy_weights(source: keras.Model, target: keras.Model) -> bool:
    """Gives a network the weights of the same one of other layers; False, and nothing is done, if it is another."""
    pairs = list(zip(source.weights, target.weights, strict=False))
    is_same = len(source.weights) == len(target.weights) and all(
        math.prod(theirs.shape) == math.prod(ours.shape) for theirs, ours in pairs
    )
    if is_same:
        for theirs, ours in pairs:
            ours.assign(np.reshape(theirs.numpy(), ours.shape))
    return is_same


def _stock_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, Framewise):
        return _over_frames(layer.layer)
    # Operations of a functional graph, such as a slice, have no type of their own.
    config = layer.get_config() | ({"dtype": "float32"} if isinstance(layer, keras.layers.Layer) else {})
    if isinstance(layer, SyncBatchNormalization):
        return keras.layers.BatchNormalization(**config)
    return layer.__class__.from_config(config)


def _over_frames(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.layers.Conv2D):
        return keras.layers.Conv3D(
            layer.filters,
            (1, *layer.kernel_size),
            strides=(1, *layer.strides),
            padding=layer.padding,
            use_bias=layer.use_bias,
            kernel_initializer=layer.kernel_initializer,
            name=layer.name,
            dtype="float32",
        )
    if isinstance(layer, keras.layers.MaxPooling2D):
        return keras.layers.MaxPooling3D(
            (1, *layer.pool_size),
            strides=(1, *layer.strides),
            padding=layer.padding,
            name=layer.name,
            dtype="float32",
        )
    raise TypeError(f"{layer.name} is a {type(layer).__name__}; expected a Conv2D or MaxPooling2D inside Framewise")
