"""Several steps in one call of a graph, which takes their batches itself."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class StepLoop:
    """Runs up to so many steps on an iterator's next batches, all in one graph.

    An accelerator then waits for Python once in `steps` steps, and the next batch comes while a step runs.

    Args:
        step: from a batch to a structure of tensors whose shapes are known, and to the numbers that it brings of its
            examples, by name, one array for each replica.
        steps: how many steps one call runs at most.

    Attributes:
        steps: the argument.
    """

    def __init__(self, step: Callable[[Any], tuple[Any, dict[str, list[Any]]]], steps: int):
        self._step = tf.function(step, autograph=False)
        self.steps = steps
        self._run = tf.function(self._loop, autograph=False)

    def __call__(self, iterator: Any) -> tuple[list[Any], dict[str, list[Any]]]:
        """Runs steps until `steps` are done or the iterator has no batch.

        Returns:
            What each step gave, in order; the numbers of all their batches, one behind the other.
        """
        done, stacked, numbers = self._run(iterator)
        columns = [tf.unstack(values) for values in tf.nest.flatten(stacked)]
        rows = list(zip(*columns, strict=True))[: int(done)]
        return [tf.nest.pack_sequence_as(stacked, row) for row in rows], numbers

    def _loop(self, iterator: Any) -> Any:
        first = iterator.get_next_as_optional()
        values, new = self._step.get_concrete_function(first.element_spec).structured_outputs
        stacked = tf.nest.map_structure(lambda value: tf.zeros([self.steps, *value.shape], value.dtype), values)
        # Their count is left open: it grows, and the last batch of an epoch may be smaller.
        numbers = tf.nest.map_structure(
            lambda value: tf.compat.v1.placeholder_with_default(tf.zeros([0], value.dtype), [None]), new
        )

        def has_batch(done: Any, batch: Any, *_: Any) -> Any:
            return (done < self.steps) & batch.has_value()

        def one_step(done: Any, batch: Any, stacked: Any, numbers: Any) -> Any:
            values, new = self._step(batch.get_value())
            numbers = tf.nest.map_structure(lambda before, more: tf.concat([before, more], axis=0), numbers, new)
            stacked = tf.nest.map_structure(
                lambda rows, value: tf.tensor_scatter_nd_update(rows, [[done]], [value]), stacked, values
            )
            # After the last step no batch is taken that would be lost.
            following = tf.cond(done + 1 < self.steps, iterator.get_next_as_optional, lambda: batch)
            return done + 1, following, stacked, numbers

        start = (tf.constant(0), first, stacked, numbers)
        done, _, stacked, numbers = tf.while_loop(has_batch, one_step, start, parallel_iterations=1)
        return done, stacked, numbers


def fits_loop(iterator: Any, *, splits: bool) -> bool:
    """Whether a loop in a graph can take the batches of an iterator.

    Args:
        iterator: what `fit` or `evaluate` takes batches from.
        splits: whether batches are split, among replicas or micro-batches, so that their size has to be known.
    """
    if not isinstance(iterator, (tf.data.Iterator, tf.distribute.DistributedIterator)):
        return False
    shapes = [spec.shape for spec in tf.nest.flatten(iterator.element_spec, expand_composites=True)]
    free_axes = 0 if splits else 1
    return all(shape.rank is not None and shape[min(free_axes, shape.rank) :].is_fully_defined() for shape in shapes)
