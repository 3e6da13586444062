"""A batch worked through in parts, one after the other, so that only one part's activations are in memory."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from brave_tf.errors import UserError


def mean_over_parts(function: Callable[[Any], Any], batch: Any, parts: int, *, unroll: bool) -> Any:
    """Mean of `function` over consecutive parts of a batch.

    Args:
        function: takes a part of the batch; returns a structure of tensors whose shapes are the same for every part.
        batch: a structure of tensors whose first axis is the batch; scalars go to every part.
        parts: how many.
        unroll: writes every part into the graph, for strategies that cannot communicate from within a loop.

    Returns:
        The structure that `function` returns, averaged.

    Raises:
        UserError: the batch does not divide into the parts; if its size is known only while the graph runs, an
            `InvalidArgumentError` says so then.
    """
    if parts == 1:
        return function(batch)
    batch = _divisible(batch, parts)

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


def check_divisible(examples: int, parts: int) -> None:
    """Raises UserError if so many examples do not divide into parts."""
    if examples % parts:
        raise UserError(
            f"received a batch of {examples} examples for micro_batches={parts}; expected a multiple of {parts} on "
            "every replica, the last batch of an epoch among them; change batch_size, or drop the remainder"
        )


def _divisible(batch: Any, parts: int) -> Any:
    """The batch, once it is sure that every array of it divides into parts."""
    arrays = [tensor for tensor in tf.nest.flatten(batch) if tensor.shape.rank]
    for tensor in arrays:
        if tensor.shape[0] is not None:
            check_divisible(tensor.shape[0], parts)
    message = f"expected a multiple of micro_batches={parts} examples on every replica"
    checks = [
        tf.debugging.assert_equal(tf.shape(tensor)[0] % parts, 0, message)
        for tensor in arrays
        if tensor.shape[0] is None
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        return tf.nest.map_structure(tf.identity, batch)


def _part(batch: Any, number: Any, parts: int) -> Any:
    def take(tensor: Any) -> Any:
        if tensor.shape.rank == 0:
            return tensor
        size = (tensor.shape[0] or tf.shape(tensor)[0]) // parts
        return tensor[number * size : (number + 1) * size]

    return tf.nest.map_structure(take, batch)
