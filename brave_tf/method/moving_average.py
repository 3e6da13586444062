"""Networks that follow others as a moving average."""

from typing import Any

import keras
import tensorflow as tf


def follow(followers: keras.layers.Layer, leaders: keras.layers.Layer, momentum: float) -> None:
    """Moves every weight that `leaders` train towards theirs: momentum * old + (1 - momentum) * new.

    Runs inside a train step, once in all replicas together. Batch norm statistics are the followers' own.

    Args:
        followers: a layer like `leaders`.
        leaders: the layer that is trained.
        momentum: share that is kept, in [0, 1].

    Reference:
        Grill et al., Bootstrap your own latent, 2020, equation (1).
    """
    pairs = [
        (old.value, new.value) for old, new in zip(followers.weights, leaders.weights, strict=True) if new.trainable
    ]

    def update(strategy: tf.distribute.Strategy, pairs: Any) -> None:
        for old, new in pairs:
            strategy.extended.update(
                old, lambda variable, value: variable.assign(momentum * variable + (1 - momentum) * value), args=(new,)
            )

    tf.distribute.get_replica_context().merge_call(update, args=(pairs,))
