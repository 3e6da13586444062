"""Batch norm over replicas, against the released one."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("shape", [(8, 3), (4, 6, 5, 3), (2, 3, 4, 5, 3)])
def test_one_replica_keeps_the_digits_that_float64_has(shape, jit_compile):
    """Outputs, gradients and moving statistics, with a deviation of a thousandth of the mean."""
    generator = np.random.default_rng(0)
    inputs, wanted = generator.normal(1000.0, 1.0, shape), generator.normal(size=shape)
    results = []
    for dtype in ("float32", "float64"):
        layer = SyncBatchNormalization(momentum=0.5, dtype=dtype)
        layer.build(shape)
        layer.set_weights([np.array(values) for values in ([0.5, 1, 2], [0, 1, -1], [900, 950, 990], [1, 2, 3])])

        @tf.function(jit_compile=jit_compile)
        def run(values, direction, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(values)
                outputs = layer(values, training=True)
            weights = [layer.gamma.value, layer.beta.value]
            return outputs, tape.gradient(outputs, [values, *weights], direction)

        outputs, gradients = run(tf.constant(inputs, dtype), tf.constant(wanted, dtype))
        statistics = [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
        results.append([np.asarray(array) for array in (outputs, *gradients, *statistics)])
    for single, double in zip(*results, strict=True):
        np.testing.assert_allclose(single, double, atol=5e-4 * np.abs(double).max())
    variance = inputs.reshape(-1, 3).var(axis=0)
    np.testing.assert_allclose(results[0][-1], 0.5 * np.array([1, 2, 3]) + 0.5 * variance, rtol=1e-5)


def test_the_fused_kernel_runs_where_it_is_exact():
    def kinds(jit_compile=False, dtype="float32"):
        layer = SyncBatchNormalization(dtype=dtype)
        layer.build((None, 3))
        run = tf.function(lambda x: layer(x, training=True), jit_compile=jit_compile)
        graph = run.get_concrete_function(tf.TensorSpec([None, 3], dtype)).graph
        return {operation.type for operation in graph.get_operations()}

    assert "FusedBatchNormV3" in kinds()
    assert "FusedBatchNormV3" not in kinds(jit_compile=True)
    assert "FusedBatchNormV3" not in kinds(dtype="float64")


def test_a_batch_of_unknown_size_is_normalised_like_one_of_known_size():
    inputs = np.random.default_rng(0).normal(size=(6, 4, 3)).astype("float32")
    results = []
    for shape in (inputs.shape, (None, None, 3)):
        layer = SyncBatchNormalization()
        layer.build((None, None, 3))
        run = tf.function(lambda x, layer=layer: layer(x, training=True), input_signature=[tf.TensorSpec(shape)])
        results.append([run(inputs).numpy(), layer.moving_variance.numpy()])
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6)
