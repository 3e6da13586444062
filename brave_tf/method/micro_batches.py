"""A batch worked through in parts, one after the other, so that only one part's activations are in memory."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def mean_over_parts(function: Callable[[Any], Any], batch: Any, parts: int, *, unroll: bool) -> Any:
    """Mean of `function` over consecutive parts of a batch.

    Args:
        function: takes a part of the batch; returns a structure of tensors whose shapes are the same for every part.
        batch: a structure of tensors whose first axis is the batch; `parts` divides it.
        parts: how many.
        unroll: writes every part into the graph, for strategies that cannot communicate from within a loop.

    Returns:
        The structure that `function` returns, averaged.
    """
    if parts == 1:
        return function(batch)

    def add(number: Any, total: Any) -> Any:
        return tf.nest.map_structure(tf.add, total, function(_part(batch, number, parts)))

    total = function(_part(batch, 0, parts))
    if unroll:
        for number in range(1, parts):
            with tf.control_dependencies(tf.nest.flatten(total)):
                total = add(number, total)
    else:
        _, total = tf.while_loop(
            lambda number, _: number < parts,
            lambda number, total: (number + 1, add(number, total)),
            (tf.constant(1), total),
            parallel_iterations=1,
        )
    return tf.nest.map_structure(lambda value: value / parts, total)


def _part(batch: Any, number: Any, parts: int) -> Any:
    def take(tensor: Any) -> Any:
        size = tensor.shape[0] // parts
        return tensor[number * size : (number + 1) * size]

    return tf.nest.map_structure(take, batch)
