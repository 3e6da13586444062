"""Batch norm over replicas, against the released one."""

import numpy as np
import tensorflow as tf

from brave_tf.models.batch_norm import SyncBatchNormalization
from tests import golden_files


def test_batch_norm_over_two_replicas_equals_released_one(two_replicas):
    golden = golden_files.load("networks")

    with two_replicas.scope():
        layer = SyncBatchNormalization(name="norm")
        layer.build((None, 3, 3, 5))
    layer.set_weights([golden["bn/scale"].ravel(), golden["bn/offset"].ravel(), np.zeros(5), np.ones(5)])
    hidden = {"mean_ema": np.zeros(5), "var_ema": np.zeros(5)}
    for step, scaled in enumerate((lambda x: x, lambda x: 0.5 * x - 1)):
        before = [np.array(weight) for weight in layer.non_trainable_variables]
        halves = [tf.constant(scaled(half)) for half in golden["bn/x"]]
        inputs = two_replicas.experimental_distribute_values_from_function(
            lambda context, halves=halves: halves[context.replica_id_in_sync_group]
        )
        run = tf.function(lambda inputs: two_replicas.run(lambda x: layer(x, training=True), (inputs,)))
        outputs = two_replicas.experimental_local_results(run(inputs))
        np.testing.assert_allclose(np.stack(outputs), golden[f"bn/step{step}_out"], atol=3e-6)
        for weight, old, kind in zip(layer.non_trainable_variables, before, hidden, strict=True):
            # Keras and the released code keep other sums of the same statistics of the whole batch.
            batch = (np.array(weight) - 0.9 * old) / 0.1
            hidden[kind] = 0.9 * hidden[kind] + 0.1 * batch
            np.testing.assert_allclose(hidden[kind], golden[f"bn/step{step}/{kind}/hidden"].ravel(), atol=3e-6)
            average = hidden[kind] / (1 - 0.9 ** (step + 1))
            np.testing.assert_allclose(average, golden[f"bn/step{step}/{kind}/average"].ravel(), atol=1e-5)


def test_the_variance_of_clips_that_resemble_one_another_keeps_its_digits(two_replicas):
    with two_replicas.scope():
        layer = SyncBatchNormalization(momentum=0.0)
        layer.build((None, 3))
    # A deviation of a thousandth of the mean: E[x^2] - E[x]^2 would be off by several percent in float32.
    inputs = np.random.default_rng(0).normal(1000.0, 1.0, (8, 3)).astype("float32")
    halves = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(inputs[4 * context.replica_id_in_sync_group :][:4])
    )
    tf.function(lambda values: two_replicas.run(lambda x: layer(x, training=True), (values,)))(halves)
    np.testing.assert_allclose(np.array(layer.moving_variance), inputs.astype("float64").var(axis=0), rtol=1e-4)
