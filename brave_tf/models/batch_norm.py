"""Batch norm over all replicas."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("brave_tf")
class SyncBatchNormalization(keras.layers.BatchNormalization):
    """Batch norm with the statistics of the whole batch, whichever replica holds which part of it.

    Unlike `keras.layers.BatchNormalization(synchronized=True)` it computes the variance as the mean squared distance
    from the mean, not as E[x^2] - E[x]^2, which in float32 loses all digits where features differ little between clips,
    as at the start of training. It takes two sums over replicas instead of three.

    On another backend than TensorFlow, and with a mask, it is Keras' own.

    Args:
        momentum: share of the moving averages that a step keeps.
        epsilon: added to the variance.
        **kwargs: `name` and the other arguments of `keras.layers.Layer`.

    Reference:
        The paper, implementation details: batch norm across replicas, decay 0.9 and epsilon 1e-5. Differs from the
        paper: the moving averages start at mean 0 and variance 1 and are not debiased, which is gone after about a
        hundred steps.
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any):
        super().__init__(momentum=momentum, epsilon=epsilon, synchronized=True, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**keras.layers.Layer.get_config(self), "momentum": self.momentum, "epsilon": self.epsilon}

    def _moments(self, inputs: Any, mask: Any) -> Any:
        if keras.backend.backend() != "tensorflow" or mask is not None:
            return super()._moments(inputs, mask)
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if context is None or context.num_replicas_in_sync == 1:
            return tf.nn.moments(inputs, self._reduction_axes)

        def over_replicas(*sums: Any) -> Any:
            return context.all_reduce(tf.distribute.ReduceOp.SUM, list(sums))

        values = tf.cast(tf.size(inputs) // inputs.shape[-1], inputs.dtype)
        total, count = over_replicas(tf.reduce_sum(inputs, self._reduction_axes), values)
        mean = total / count
        # The variance does not change with the mean that it is taken around, to first order.
        deviations = tf.math.squared_difference(inputs, tf.stop_gradient(mean))
        (squares,) = over_replicas(tf.reduce_sum(deviations, self._reduction_axes))
        return mean, squares / count
