"""Small networks that the library does not know, and arrays for them."""

import keras
import numpy as np
import tensorflow as tf

from brave_tf.lars import LARS
from brave_tf.method.brave import Brave

HEADS = {"hidden_size": 16, "projection_size": 8}


EXAMPLES = 24


def picture_network(size=12):
    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(size)], name="pictures")


def sensor_network(size=10):
    layers = [keras.Input((20, 3)), keras.layers.Conv1D(6, 5, activation="relu"), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(size)], name="sensor")


def normalised_network():
    layers = [keras.Input((20, 3)), keras.layers.Conv1D(6, 5), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(9)], name="normalised")


def make(seed=0, broad=None, **arguments):
    keras.utils.set_random_seed(seed)
    return Brave(picture_network(), broad or {"imu": sensor_network()}, **{**HEADS, **arguments})


def arrays(examples=EXAMPLES, seed=0, views=None):
    """Pictures and sensor signals that share one number per example."""
    rng = np.random.default_rng(seed)
    cause = rng.standard_normal((examples, 1))
    shape = (examples, 20, 3) if views is None else (examples, views, 20, 3)
    pictures = cause[..., None, None] + 0.1 * rng.standard_normal((examples, 6, 6, 3))
    signals = cause.reshape(examples, *[1] * (len(shape) - 1)) + 0.1 * rng.standard_normal(shape)
    return {"narrow": pictures.astype("float32"), "broad": {"imu": signals.astype("float32")}}


def compiled(model, **arguments):
    model.compile(**{"optimizer": LARS(0.5), **arguments})
    return model


def as_tf_data(batch):
    return tf.data.Dataset.from_tensor_slices(batch).batch(8)
