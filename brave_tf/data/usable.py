"""What can be made of a clip, or else of another: in the graph of an input pipeline, without an error that ends it.

Operations that read and decode raise for a damaged record, and in a `tf.data` map that ends the pipeline. Here a small
dataset inside the map drops what raised, so that the map itself never fails, and no other element moves.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def first_usable(numbers: tf.data.Dataset, make: Callable[[tf.Tensor], Any]) -> Any:
    """What `make` makes of the first number for which it raises nothing; the numbers after that one cost nothing.

    Args:
        numbers: int64 scalars, in the order in which they are tried.
        make: a graph function.

    Raises:
        tf.errors.InvalidArgumentError: it raises for all of them.
    """
    # The warning is for programs of others; the commands keep TensorFlow silent, and name the clip.
    made = numbers.map(tf.autograph.experimental.do_not_convert(make)).ignore_errors(log_warning=True)
    return made.take(1).get_single_element()


def usable_or(make: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """What a graph function makes, or else, if it raises, what another makes in the same structure and types."""
    first, second = (
        tf.data.Dataset.range(1).map(tf.autograph.experimental.do_not_convert(lambda _, each=each: each()))
        for each in (make, otherwise)
    )
    return first.ignore_errors().concatenate(second).take(1).get_single_element()
