"""Which parser reads a row, when the rows of datasets of several kinds are mixed."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from brave_tf.data.dataset import Parser


class RowParser:
    """Reads the record of a row inside a tf.data graph: `parser(serialized, row)`.

    Args:
        parsers: of the datasets, in order.
        counts: rows of each; the rows of all are numbered one after the other.
    """

    def __init__(self, parsers: Sequence[Parser], counts: Sequence[int]):
        self._different = list(dict.fromkeys(parsers))
        self._which = [self._different.index(parser) for parser in parsers]
        self._ends = np.cumsum(counts)

    def __call__(self, serialized: tf.Tensor, row: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the parser of the row's dataset returns."""
        if len(self._different) == 1:
            return self._different[0](serialized)
        dataset = tf.searchsorted(self._ends, [tf.cast(row, tf.int64)], side="right")[0]
        branches = [lambda parse=parse: _complete(parse(serialized)) for parse in self._different]
        return tf.switch_case(tf.gather(self._which, dataset), branches)


def _complete(record: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    # The branches of a switch agree in their keys.
    return {"flow": tf.zeros([0], tf.string), "flow_step": tf.constant(1, tf.int64), **record}
