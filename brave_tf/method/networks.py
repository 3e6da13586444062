"""What the method asks of a network: that it is built, takes one tensor, and gives one vector for each example."""

from collections.abc import Iterable
from typing import Any

import keras

from brave_tf.errors import UserError


def check_network(network: Any, role: str) -> None:
    """Makes sure that a network can be a backbone.

    Args:
        network: any `keras.Model` or built layer, [B, ...] -> [B, D].
        role: what messages call it, such as `narrow` or `broad["imu"]`.

    Raises:
        UserError: it is no layer, is not built, takes several inputs, or gives something else than [B, D].
    """
    if not isinstance(network, keras.layers.Layer):
        raise UserError(f"received {role} of type {type(network).__name__}; expected a keras.Model or a built layer")
    if not network.built:
        raise UserError(
            f"received {role}={network.name}, which is not built; expected a network with weights; call it once on an "
            "example batch, or give it a keras.Input"
        )
    outputs = network.compute_output_spec(_input_spec(network, role))
    if not isinstance(outputs, keras.KerasTensor) or len(outputs.shape) != 2 or outputs.shape[-1] is None:
        gives = tuple(outputs.shape) if isinstance(outputs, keras.KerasTensor) else type(outputs).__name__
        raise UserError(
            f"received {role}={network.name}, whose output is {gives}; expected one vector for each example, (B, D); "
            "end the network with a pooling or flattening layer"
        )


def input_shape(network: keras.layers.Layer, role: str = "a network") -> tuple[int | None, ...]:
    """Shape of what a built network takes, [B, ...] with None for B.

    Raises:
        UserError: it takes several inputs, or does not say what it takes.
    """
    shape: Any = getattr(network, "input_shape", None)
    if shape is None:
        shape = (network.get_build_config() or {}).get("input_shape")
    if isinstance(shape, (dict, list)) and not all(size is None or isinstance(size, int) for size in shape):
        raise UserError(
            f"received {role}={network.name}, which takes {len(shape)} inputs; expected one; join them before it"
        )
    if not shape:
        raise UserError(
            f"received {role}={network.name}, which does not say what it takes; expected get_build_config() with an "
            "input_shape; give it a keras.Input, or call it once on an example batch"
        )
    return (None, *tuple(shape)[1:])


def embedding_size(network: keras.layers.Layer) -> int:
    """D of a network that `check_network` accepts."""
    return int(network.compute_output_spec(_input_spec(network)).shape[-1])


def synchronise_batch_norm(networks: Iterable[keras.layers.Layer]) -> None:
    """Gives batch norm the statistics of all replicas, also in networks that were not made for several.

    Reference:
        The paper, implementation details: batch norm across replicas.
    """
    for network in networks:
        for layer in network._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True


def fresh_copies(networks: Iterable[keras.layers.Layer]) -> list[keras.layers.Layer]:
    """Networks of the same structure with weights of their own; what was one object is one object again.

    Raises:
        UserError: a network cannot be made from its own configuration.
    """
    networks = list(networks)
    copies = {key: _fresh_copy(network) for key, network in {id(each): each for each in networks}.items()}
    return [copies[id(network)] for network in networks]


def _fresh_copy(network: keras.layers.Layer) -> keras.layers.Layer:
    try:
        copy = type(network).from_config(network.get_config())
    except (NotImplementedError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"{network.name} cannot be copied for the moving average ({reason}); expected a get_config() that gives "
            "its constructor's arguments, as saving needs too"
        ) from error
    if not copy.built:
        copy.build_from_config(network.get_build_config())
    if not copy.built:
        copy(_input_spec(network))
    return copy


def _input_spec(network: keras.layers.Layer, role: str = "a network") -> keras.KerasTensor:
    inputs = getattr(network, "inputs", None)
    return keras.KerasTensor(input_shape(network, role), str(inputs[0].dtype) if inputs else "float32")
