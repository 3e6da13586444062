"""What can be made of a clip, or else of another: in the graph of an input pipeline, without an error that ends it.

Operations that read and decode raise for a damaged record, and in a `tf.data` map that ends the pipeline.
`ignore_errors` drops what raised instead; here something else takes its place, so that no other element moves.
"""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def batches_without_gaps(
    numbered: tf.data.Dataset, first: int, size: int, make: Callable[[tf.Tensor], Any]
) -> tf.data.Dataset:
    """Batches of elements in the order of their numbers, of which some raise and are made in another way.

    Where nothing raises it does what `batch` does, at no cost for an element.

    Args:
        numbered: pairs of a number, int64, and an element: all numbers from `first` on, without end. Taking a pair may
            raise.
        first: the first number.
        size: elements of a batch.
        make: a graph function from the number of what raised to an element of the same structure.
    """
    # The warning is for programs of others; the commands keep TensorFlow silent, and name the clip.
    usable = numbered.ignore_errors(log_warning=True).batch(size, drop_remainder=True)

    @tf.autograph.experimental.do_not_convert
    def after(expected: tf.Tensor, batch: tuple[tf.Tensor, Any]) -> tuple[tf.Tensor, Any]:
        return batch[0][-1] + 1, (expected, *batch)

    @tf.autograph.experimental.do_not_convert
    def whole(expected: tf.Tensor, numbers: tf.Tensor, elements: Any) -> Any:
        fill = functools.partial(_filled, expected, numbers, elements, make, numbered.element_spec[1])
        return tf.cond(numbers[-1] - expected < size, lambda: elements, fill)

    return usable.scan(tf.constant(first, tf.int64), after).map(whole).rebatch(size, drop_remainder=True)


def _filled(expected: tf.Tensor, numbers: tf.Tensor, elements: Any, make: Callable[[tf.Tensor], Any], spec: Any) -> Any:
    """All elements from number `expected` to the last of those that are there."""
    wanted = tf.range(expected, numbers[-1] + 1)
    is_there = tf.scatter_nd((numbers - expected)[:, None], tf.ones_like(numbers), tf.shape(wanted, tf.int64))
    missing = tf.boolean_mask(wanted, is_there == 0)
    made = tf.map_fn(make, missing, fn_output_signature=spec)
    order = tf.argsort(tf.concat([numbers, missing], axis=0))
    return tf.nest.map_structure(lambda *parts: tf.gather(tf.concat(parts, axis=0), order), elements, made)


def elements_without_gaps(
    numbered: tf.data.Dataset, first: int, make: Callable[[tf.Tensor], Any], last: int | None = None
) -> tf.data.Dataset:
    """Elements in the order of their numbers, of which some raise and are made in another way.

    An element that does not raise costs half a millisecond: nothing of the graph that made it is prepared anew.

    Args:
        numbered: pairs of a number, int64, and an element: all numbers from `first` on. Taking a pair may raise.
        first: the first number.
        make: a graph function from the number of what raised to an element of the same structure and types.
        last: the last number; None where there is no end.
    """
    usable = numbered.ignore_errors()
    make = tf.autograph.experimental.do_not_convert(make)
    if last is not None:
        # Behind the last one, so that it is seen if that one raised.
        end = tf.data.Dataset.range(last + 1, last + 2)
        usable = usable.concatenate(tf.data.Dataset.zip(end, end.map(make)))

    @tf.autograph.experimental.do_not_convert
    def after(expected: tf.Tensor, pair: tuple[tf.Tensor, Any]) -> tuple[tf.Tensor, Any]:
        return pair[0] + 1, (expected, *pair)

    @tf.autograph.experimental.do_not_convert
    def filled(expected: tf.Tensor, number: tf.Tensor, element: Any) -> tf.data.Dataset:
        here = tf.data.Dataset.from_tensors(element)
        return tf.cond(
            number == expected,
            lambda: here,
            lambda: tf.data.Dataset.range(expected, number).map(make).concatenate(here),
        )

    whole = usable.scan(tf.constant(first, tf.int64), after).flat_map(filled)
    return whole if last is None else whole.take(last + 1 - first)
