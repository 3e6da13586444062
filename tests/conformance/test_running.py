"""Ways of running: eager, in a graph, compiled, in half precision, on two replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.specs import assert_alike, eager_model, eager_outputs, every_spec


@every_spec
@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_graphs_and_compiled_graphs_equal_eager_running(spec, training, compiled):
    model, expected = eager_model(spec.name, training)
    run = tf.function(lambda inputs: model(inputs, training=training), jit_compile=compiled, autograph=False)
    # Batch norm of small batches amplifies rounding.
    assert_alike(run(spec.inputs()), expected, 1e-3 if training else 1e-5)


@every_spec
def test_half_precision_computes_the_same_and_keeps_full_weights(spec):
    expected = eager_outputs(spec.name, training=False)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = spec.model()
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = model(spec.inputs())
    assert {keras.backend.standardize_dtype(weight.dtype) for weight in model.weights} == {"float32"}
    assert {keras.backend.standardize_dtype(value.dtype) for value in keras.tree.flatten(outputs)} == {"bfloat16"}
    for ours, theirs in zip(keras.tree.flatten(outputs), keras.tree.flatten(expected), strict=True):
        ours, theirs = (np.asarray(keras.ops.cast(value, "float32")).ravel() for value in (ours, theirs))
        assert np.linalg.norm(ours - theirs) <= 0.1 * np.linalg.norm(theirs)


@every_spec
def test_two_replicas_compute_what_one_does(spec, two_replicas):
    whole = spec.inputs()
    expected = eager_outputs(spec.name, training=True)
    with two_replicas.scope():
        model = spec.model()
    halves = [keras.tree.map_structure(lambda x, part=part: x[2 * part : 2 * part + 2], whole) for part in range(2)]
    inputs = keras.tree.map_structure(
        lambda *parts: two_replicas.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        ),
        *halves,
    )
    run = tf.function(lambda inputs: two_replicas.run(lambda x: model(x, training=True), (inputs,)), autograph=False)
    outputs = keras.tree.map_structure(
        lambda value: np.concatenate(two_replicas.experimental_local_results(value)), run(inputs)
    )
    # Batch norm over both replicas: as if one saw the whole batch.
    assert_alike(outputs, expected, 5e-3)
