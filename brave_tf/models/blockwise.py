"""Backbones that can forget the inside of their blocks and compute it again for the backward pass."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import keras


class BlockwiseModel(keras.Model):
    """A functional backbone, one block after the other.

    With `rematerialise`, training keeps the inputs of the blocks alone and computes each block once more on the way
    back: much less memory, about a fifth more time, the same gradients. The last piece, which holds little and computes
    as much as others, is kept. Batch norm statistics move once. It needs the TensorFlow backend, and is without effect
    on others.
    """

    rematerialise: bool
    _blocks: Sequence[keras.Model]

    def divide(self, boundaries: Sequence[Any], rematerialise: bool) -> None:
        """Says where blocks begin and end; to be called once, by the constructor.

        Args:
            boundaries: symbolic tensors of the graph in order, from its input to its output, through each of which all
                later ones pass.
            rematerialise: whether to run block by block in training.
        """
        self.rematerialise = rematerialise
        pairs = itertools.pairwise(boundaries) if rematerialise else []
        # Past Keras' tracking: they hold the same layers once more.
        self.__dict__["_blocks"] = [keras.Model(begin, end) for begin, end in pairs]

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the network."""
        if not (self.rematerialise and training and keras.backend.backend() == "tensorflow"):
            return super().call(inputs, training=training, mask=mask)
        *blocks, last = self._blocks
        for block in blocks:
            inputs = _recomputed(block, inputs)
        return last(inputs, training=True)


def _recomputed(block: Callable[..., Any], inputs: Any) -> Any:
    """`block(inputs, training=True)`, of which the backward pass finds nothing but `inputs`."""
    import tensorflow as tf

    passes = 0

    def run(tensor: Any) -> Any:
        nonlocal passes
        passes += 1
        if passes == 1:
            return block(tensor, training=True)
        # The scope holds back assignments: batch norm has moved its statistics already.
        with keras.StatelessScope():
            return block(tensor, training=True)

    return tf.recompute_grad(run)(inputs)
