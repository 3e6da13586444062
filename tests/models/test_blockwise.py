"""Rematerialisation: the same numbers from less memory."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.method.brave import Brave
from brave_tf.models import R3D, AudioResNet, TSMResNet
from brave_tf.models.depths import BLOCKS

TINY = {"depth": 14, "width": 0.0625}
NETWORKS = {
    "tsm": (TSMResNet, (4, 2, 32, 32, 3)),
    "r3d": (R3D, (4, 3, 32, 32, 3)),
    "audio": (AudioResNet, (4, 32, 80)),
}


def two_blocks(monkeypatch):
    """Leaves half of a network, the half of which is computed twice."""
    monkeypatch.setitem(BLOCKS, TINY["depth"], (1, 1))


def make(name, **settings):
    with seeded_initialisation(0):
        return NETWORKS[name][0](**TINY, **settings)


def inputs(name, seed=0):
    return tf.constant(np.random.default_rng(seed).random(NETWORKS[name][1], dtype="float32"))


def gradients(model, data):
    """Output, gradients of the weights and of the input."""
    with tf.GradientTape() as tape:
        tape.watch(data)
        output = model(data, training=True)
        loss = tf.reduce_sum(tf.cast(output, tf.float32) * tf.range(output.shape[-1], dtype=tf.float32))
    return output, tape.gradient(loss, [*(weight.value for weight in model.trainable_weights), data])


def check_same(name, wrap=lambda function: function, tolerance=1e-5, **settings):
    data = inputs(name)
    found = []
    for rematerialise in (False, True):
        model = make(name, rematerialise=rematerialise, **settings)
        output, grads = wrap(lambda data, model=model: gradients(model, data))(data)
        found.append([output, *grads, *(weight.numpy() for weight in model.non_trainable_weights)])
    for plain, again in zip(*found, strict=True):
        scale = np.abs(plain).max() + 1e-6
        np.testing.assert_allclose(again, plain, atol=tolerance * scale)


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_gradients_and_statistics_are_the_same_in_a_graph(name):
    # In float32 TensorFlow may join batch norm and ReLU in the pass that no gradient reads, and these networks amplify
    # how that rounds.
    check_same(name, tf.function, tolerance=1e-6, dtype="float64")


def test_outputs_gradients_and_statistics_are_the_same_eagerly():
    check_same("audio")


@pytest.mark.thorough
def test_outputs_gradients_and_statistics_are_the_same_with_xla(monkeypatch):
    two_blocks(monkeypatch)
    check_same("audio", lambda function: tf.function(function, jit_compile=True), tolerance=1e-4)


def test_outputs_gradients_and_statistics_are_the_same_in_a_loop(monkeypatch):
    two_blocks(monkeypatch)

    def loop(function):
        def run(data):
            zeros = tf.nest.map_structure(tf.zeros_like, function(data))
            start = (tf.constant(0), zeros)
            _, total = tf.while_loop(
                lambda number, _: number < 2,
                lambda number, _: (number + 1, function(data)),
                start,
                parallel_iterations=1,
            )
            return total

        return tf.function(run)

    check_same("audio", loop)


def test_half_precision_rematerialises_too():
    check_same("audio", tf.function, tolerance=0.05, dtype="mixed_bfloat16")


def test_statistics_move_once(monkeypatch):
    model = make("audio", rematerialise=True)
    statistic = next(weight for weight in model.non_trainable_weights if "moving_variance" in weight.path)
    statistic.assign(np.full(statistic.shape, 1e6))
    tf.function(lambda data: gradients(model, data))(inputs("audio"))
    np.testing.assert_allclose(statistic.numpy() / 1e6, 0.9, rtol=1e-4)


def test_blocks_before_the_last_unit_are_computed_twice():
    data = inputs("audio")

    def convolutions(rematerialise):
        model = make("audio", rematerialise=rematerialise)
        graph = tf.function(lambda data: gradients(model, data)).get_concrete_function(data).graph
        return sum(operation.type == "Conv2D" for operation in graph.get_operations())

    # The one block of the last unit, with its shortcut, is kept.
    assert convolutions(True) == 2 * convolutions(False) - 4


def test_evaluation_and_layout_are_those_without():
    plain, again = make("tsm"), make("tsm", rematerialise=True)
    assert [weight.path for weight in again.weights] == [weight.path for weight in plain.weights]
    assert list(again.endpoints) == list(plain.endpoints)
    np.testing.assert_array_equal(again(inputs("tsm")), plain(inputs("tsm")))


@pytest.fixture
def one_step(monkeypatch):
    two_blocks(monkeypatch)
    rng = np.random.default_rng(0)
    batch = {
        "narrow": rng.random((8, 32, 80), dtype="float32"),
        "broad": {"numbers": rng.random((8, 4), dtype="float32")},
    }

    def step(strategy, rematerialise):
        with strategy.scope(), seeded_initialisation(0):
            numbers = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
            network = make("audio", rematerialise=rematerialise)
            model = Brave(network, {"numbers": numbers}, hidden_size=16, projection_size=8)
            model.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
        data = tf.data.Dataset.from_tensor_slices(batch).batch(8, drop_remainder=True)
        model.fit(data, steps_per_epoch=1, shuffle=False, verbose=0)
        return [weight.numpy() for weight in model.weights]

    return step


@pytest.mark.thorough
def test_a_step_on_two_replicas_is_the_same(one_step, two_replicas):
    plain, again = (one_step(two_replicas, rematerialise) for rematerialise in (False, True))
    for one, other in zip(plain, again, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)
