"""The map that an encoder's embedding is the mean of."""

import keras

from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError

POOLING = (
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
)


def dense_network(encoder: Encoder, wanted: str, instead: str) -> keras.Model:
    """An encoder's network with two outputs: what its last global average pooling takes, and its embedding.

    Args:
        encoder: the encoder.
        wanted: the option that needs the map, for messages.
        instead: what else to do, for messages.

    Raises:
        UserError: it has no such map.
    """
    model = encoder.model
    if model is None:
        raise UserError(
            f"received {wanted} with {encoder.path}, which is no Keras model and keeps its maps to itself; {instead}, "
            "or, of a SavedModel, give the run or the .keras file that it was exported from"
        )
    pooling = next((layer for layer in reversed(model.layers) if isinstance(layer, POOLING)), None)
    if pooling is None:
        raise UserError(
            f"received {wanted} with {encoder.path}, whose layers end without a global average pooling: there is no "
            f"map that its embedding is the mean of; {instead}"
        )
    return keras.Model(model.input, [pooling.input, model.output])
