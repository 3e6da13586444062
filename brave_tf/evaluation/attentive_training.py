"""Training of the attentive probe: AdamW, with many steps in one graph, since a step takes less time than a call."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8
NOT_DECAYED = ("bias", "gamma", "beta", "query", "value_bias", "window")
"""Weights that weight decay leaves alone, by their names."""


class _State(NamedTuple):
    weights: list[tf.Tensor]
    first: list[tf.Tensor]
    second: list[tf.Tensor]


class AttentiveTraining:
    """Trains a network on maps. Its weights are handed round, and the network's own stay as they are.

    Args:
        model: maps [B, V, places, D] -> logits.
        shape: [V, places, D] of the maps that are kept.
        joins: whether the network sees all windows, else one.
        several: whether clips have several labels.
    """

    def __init__(self, model: keras.Model, shape: tuple[int, ...], joins: bool, several: bool):
        self._model, self._joins, self._several = model, joins, several
        self._decayed = [variable.name not in NOT_DECAYED for variable in model.trainable_variables]
        weights = [tf.TensorSpec(variable.shape, tf.float32) for variable in model.trainable_variables]
        maps = tf.TensorSpec([None, *shape], tf.float32)
        labels = tf.TensorSpec([None, None] if several else [None], tf.bool if several else tf.int64)
        numbers, floats = tf.TensorSpec([None, None], tf.int64), tf.TensorSpec([None], tf.float32)
        self._given = (maps, labels, numbers, numbers, floats)
        state = _State(weights, weights, weights)
        one, steps = tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)
        self._steps: Any = tf.function(
            self._all_steps, autograph=False, input_signature=[state, steps, one, *self._given]
        )
        seen = tf.TensorSpec([None, *(shape if joins else (1, *shape[1:]))], tf.float32)
        self._logits: Any = tf.function(self._of, autograph=False, input_signature=[weights, seen])

    def weights(self, pieces: Iterable[tuple[Any, ...]], decay: float) -> list[tf.Tensor]:
        """Trains from the network's own weights.

        Args:
            pieces: one after the other, maps [N, V, places, D] with labels, and for every step on them the numbers [B]
                of clips, their windows [B], and the learning rate.
            decay: weight decay, in proportion to the learning rate.
        """
        own = [tf.convert_to_tensor(np.array(variable)) for variable in self._model.trainable_variables]
        zeros = [tf.zeros_like(weight) for weight in own]
        state, done = _State(own, zeros, zeros), 0
        for piece in pieces:
            given = [tf.constant(value, spec.dtype) for value, spec in zip(piece, self._given, strict=True)]
            state = self._steps(state, tf.constant(done), tf.constant(decay, tf.float32), *given)
            done += len(piece[-1])
        return state.weights

    def probabilities(self, weights: list[tf.Tensor], maps: np.ndarray) -> np.ndarray:
        """[B, classes] for maps [B, V, places, D], of each class for itself where there are several labels."""
        logits = self._logits(weights, tf.constant(maps, tf.float32))
        return np.asarray((tf.nn.sigmoid if self._several else tf.nn.softmax)(logits))

    def _of(self, weights: list[tf.Tensor], maps: tf.Tensor) -> tf.Tensor:
        logits, _ = self._model.stateless_call(weights, [], maps, training=False)
        return logits

    def _all_steps(
        self,
        state: _State,
        done: tf.Tensor,
        decay: tf.Tensor,
        maps: tf.Tensor,
        labels: tf.Tensor,
        order: tf.Tensor,
        window: tf.Tensor,
        rates: tf.Tensor,
    ) -> _State:
        def step(number: tf.Tensor, state: _State) -> tuple[tf.Tensor, _State]:
            if self._joins:
                clips = tf.gather(maps, order[number])
            else:
                clips = tf.gather_nd(maps, tf.stack([order[number], window[number]], axis=1))[:, None]
            gradients = self._gradients(state.weights, clips, tf.gather(labels, order[number]))
            return number + 1, self._stepped(state, gradients, rates[number], decay, done + number + 1)

        _, last = tf.while_loop(
            lambda number, _: number < tf.shape(rates)[0], step, (tf.constant(0), state), parallel_iterations=1
        )
        return last

    def _gradients(self, weights: list[tf.Tensor], clips: tf.Tensor, labels: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits = self._of(weights, clips)
            if self._several:
                losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), logits)
            else:
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        return list(tape.gradient(loss, weights))

    def _stepped(
        self, state: _State, gradients: list[tf.Tensor], rate: tf.Tensor, decay: tf.Tensor, number: tf.Tensor
    ) -> _State:
        """A step of AdamW (Loshchilov and Hutter, 2019), number 1 the first."""
        count = tf.cast(number, tf.float32)
        first = [FIRST_DECAY * old + (1 - FIRST_DECAY) * new for old, new in zip(state.first, gradients, strict=True)]
        second = [
            SECOND_DECAY * old + (1 - SECOND_DECAY) * new**2 for old, new in zip(state.second, gradients, strict=True)
        ]
        weights = []
        for weight, mean, square, is_decayed in zip(state.weights, first, second, self._decayed, strict=True):
            unbiased = mean / (1 - FIRST_DECAY**count)
            change = unbiased / (tf.sqrt(square / (1 - SECOND_DECAY**count)) + EPSILON)
            weights.append(weight - rate * (change + decay * weight if is_decayed else change))
        return _State(weights, first, second)
