"""Batch norm over all replicas."""

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable("brave_tf")
class SyncBatchNormalization(keras.layers.BatchNormalization):
    """Batch norm with the statistics of the whole batch, whichever replica holds which part of it.

    Unlike `keras.layers.BatchNormalization(synchronized=True)` it computes the variance as the mean squared distance
    from the mean, not as E[x^2] - E[x]^2, which in float32 loses all digits where features differ little between clips,
    as at the start of training. It takes two sums over replicas instead of three.

    Where one replica trains on a CPU without XLA, TensorFlow's fused kernel does it, which computes the variance in the
    same way there, and takes a third of the time. Under XLA that kernel takes E[x^2] - E[x]^2, and what it does on GPUs
    is not documented. On another backend than TensorFlow, and with a mask, it is Keras' own.

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
        # Other backends refuse the argument.
        synchronized = keras.backend.backend() == "tensorflow"
        super().__init__(momentum=momentum, epsilon=epsilon, synchronized=synchronized, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**keras.layers.Layer.get_config(self), "momentum": self.momentum, "epsilon": self.epsilon}

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises [..., C] by the batch's statistics in training, which move the averages, else by the averages."""
        if training and self.trainable and mask is None and _fused_kernel_is_exact(inputs):
            return self._fused(inputs)
        return super().call(inputs, training=training, mask=mask)

    def _fused(self, inputs: Any) -> Any:
        import tensorflow as tf

        # In half precision the kernel would round more often than Keras does.
        none = tf.constant([], tf.float32)
        rows = tf.reshape(tf.cast(inputs, tf.float32), [-1, 1, 1, inputs.shape[-1]])
        normalised, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=rows,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel multiplies the variance that it returns by n / (n - 1), with n the values of a channel.
        count = tf.cast(tf.shape(rows)[0], tf.float32) if rows.shape[0] is None else np.float32(rows.shape[0])
        biased = (count - 1) / count
        share = 1 - self.momentum
        self.moving_mean.assign_add(share * (mean - self.moving_mean))
        self.moving_variance.assign_add(share * (biased * variance - self.moving_variance))
        shape = inputs.shape if inputs.shape.is_fully_defined() else tf.shape(inputs)
        return tf.cast(tf.reshape(normalised, shape), self.compute_dtype)

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


def _fused_kernel_is_exact(inputs: Any) -> bool:
    """Whether TensorFlow's fused batch norm sees the whole batch, and computes its variance with all digits."""
    if keras.backend.backend() != "tensorflow" or keras.backend.standardize_dtype(inputs.dtype) == "float64":
        return False
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    context = tf.distribute.get_replica_context()
    is_alone = context is None or context.num_replicas_in_sync == 1
    on_cpu = not any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))
    # TensorFlow has no public name for the question whether XLA compiles the graph that is being traced.
    return is_alone and on_cpu and not control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
