"""What one call of the step function does."""

import contextlib
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.method.brave import build_optimizer
from brave_tf.method.step_loop import StepLoop
from tests.method import test_own_networks
from tests.method.test_micro_batches import batch, make


@pytest.mark.usefixtures("one_unit")
def test_gradients_are_summed_over_replicas_once(two_replicas):
    with two_replicas.scope():
        model = make()
    build_optimizer(model)
    halves = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.nest.map_structure(tf.constant, batch(4))
    )
    step = tf.function(lambda share: two_replicas.run(model.train_step, (share,)), autograph=False)
    operations = step.get_concrete_function(halves).graph.get_operations()
    reduced = [op.inputs[0].shape.num_elements() for op in operations if op.type == "CollectiveReduceV2"]
    parameters = sum(variable.shape.num_elements() for variable in model.trainable_variables)
    # The rest is statistics of batch norm and of projections.
    assert parameters <= sum(reduced) / two_replicas.num_replicas_in_sync < 1.3 * parameters


def fit(steps, data, strategy=None, epochs=2, micro_batches=1, **arguments):
    """A small model after `fit`, its history, and the clips and metrics that every call reported."""
    with strategy.scope() if strategy else contextlib.nullcontext():
        brave = test_own_networks.make(micro_batches=micro_batches)
        model = test_own_networks.compiled(brave, steps_per_execution=steps, **arguments)
    ends = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda number, logs: ends.append((model.train_function.clip_ids(), dict(logs)))
    )
    history = model.fit(data, epochs=epochs, shuffle=False, verbose=0, callbacks=[record]).history
    return model, history, ends


def seven_batches(drop_remainder):
    clips = {**test_own_networks.arrays(56), "clip_id": np.arange(56)}
    examples = 56 if drop_remainder else 52
    data = tf.data.Dataset.from_tensor_slices(tf.nest.map_structure(lambda array: array[:examples], clips))
    return data.batch(8, drop_remainder=drop_remainder)


@functools.cache
def single_steps(drop_remainder):
    """What `fit` gives for the seven batches one step at a time."""
    return fit(1, seven_batches(drop_remainder))


def check_same(several, single, end):
    for one, other in zip(several[0].weights, single[0].weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)
    assert several[0].counted_steps == single[0].counted_steps == 14
    assert several[1] == single[1]
    # Steps 3, 6 and 7 of both epochs end a call.
    assert several[2] == [single[2][number] for number in (2, 5, 6, 9, 12, 13)]
    assert several[2][-1][0] == list(range(48, end))


@pytest.fixture
def loops(monkeypatch):
    """How many steps every loop in a graph ran."""
    counts = []

    def call(loop, iterator, original=StepLoop.__call__):
        results = original(loop, iterator)
        counts.append(len(results[0]))
        return results

    monkeypatch.setattr(StepLoop, "__call__", call)
    return counts


@pytest.mark.parametrize("drop_remainder", [True, False])
def test_several_steps_in_one_graph_do_what_single_ones_do(loops, drop_remainder):
    data = seven_batches(drop_remainder)
    several, single = fit(3, data), single_steps(drop_remainder)
    assert loops[:4] == [3, 3, 1, 3]
    check_same(several, single, 56 if drop_remainder else 52)
    both = [model.evaluate(data, verbose=0, return_dict=True) for model in (several[0], single[0])]
    assert both[0] == both[1]


def test_several_steps_in_one_graph_on_two_replicas(loops, two_replicas):
    data = seven_batches(drop_remainder=True)
    several = fit(3, data, two_replicas)
    assert loops[:4] == [3, 3, 1, 3]
    check_same(several, fit(1, data, two_replicas), 56)


def test_several_compiled_steps_in_one_graph(loops):
    data = seven_batches(drop_remainder=True).map(lambda batch: {**batch, "name": tf.fill([8], "text")})
    compiled, _, _ = fit(3, data, jit_compile=True)
    assert loops == [3, 3, 1, 3, 3, 1]
    for one, other in zip(compiled.weights, single_steps(True)[0].weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-3, err_msg=one.path)


def test_the_loop_takes_its_batches_itself():
    model = fit(3, seven_batches(drop_remainder=True), epochs=1)[0]
    graph = model.train_function._loop._run.get_concrete_function(iter(seven_batches(drop_remainder=True))).graph
    nodes = [node for function in graph.as_graph_def().library.function for node in function.node_def]
    kinds = {operation.type for operation in graph.get_operations()} | {node.op for node in nodes}
    assert {"IteratorGetNextAsOptional", "While"} <= kinds
    assert not {kind for kind in kinds if "PyFunc" in kind}


def test_a_batch_that_does_not_divide_is_refused_in_a_loop_too(two_replicas):
    data = tf.data.Dataset.from_tensor_slices(test_own_networks.arrays(15)).batch(5, drop_remainder=True)
    with pytest.raises(UserError, match="5 examples for 2 replicas"):
        fit(3, data, two_replicas)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_draws_of_all_steps_of_a_call_are_told(steps):
    data = seven_batches(drop_remainder=False).map(lambda batch: {**batch, "draw": batch["clip_id"] + 100})
    model = test_own_networks.compiled(test_own_networks.make(), steps_per_execution=steps)
    told = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda number, logs: told.append(model.train_function.draws().tolist())
    )
    model.fit(data, shuffle=False, verbose=0, callbacks=[record])
    assert [len(each) for each in told] == ([8] * 6 + [4] if steps == 1 else [24, 24, 4])
    assert [draw for each in told for draw in each] == list(range(100, 152))
