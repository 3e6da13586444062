"""The method without predictor or without stop-gradient, as experiments on collapse need it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.losses import distance, view_losses
from brave_tf.training.build import build
from tests.method.own_networks import arrays, compiled, make


def gradients(prediction, target, **options):
    prediction, target = tf.constant(prediction, tf.float32), tf.constant(target, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([prediction, target])
        loss = tf.reduce_sum(distance(prediction, target, **options))
    return tape.gradient(loss, [prediction, target])


def test_without_stop_gradient_both_sides_of_the_distance_move():
    a, b = np.random.default_rng(0).normal(size=(2, 4, 8))
    forward, stopped = gradients(a, b)
    assert stopped is None
    there, back = gradients(a, b, stop_gradient=False)
    np.testing.assert_allclose(there, forward, rtol=1e-6)
    # The distance is symmetric.
    np.testing.assert_allclose(back, gradients(b, a)[0], rtol=1e-5, atol=1e-7)


def test_without_predictor_projections_regress_each_other():
    model = make(predictor=False)
    outputs = model(arrays(4), training=False)
    for views in outputs.values():
        for found in views.values():
            np.testing.assert_array_equal(found["z"], found["h"])
    assert not model.predictor_variables
    assert not [weight.path for weight in model.weights if "predictor" in weight.path]


def test_a_step_reports_no_norm_of_predictors_that_are_not_there():
    model = compiled(make(predictor=False, stop_gradient=False))
    metrics = model.train_on_batch(arrays(4), return_dict=True)
    assert "predictor_norm" not in metrics and np.isfinite(metrics["loss"])


def test_the_step_of_a_model_without_stop_gradient_goes_down_the_whole_gradient():
    """Against a gradient that is taken here, of the loss that nothing is held constant in."""
    model = make(stop_gradient=False)
    model.compile(optimizer=keras.optimizers.SGD(0.5), jit_compile=False)
    batch = tf.nest.map_structure(tf.constant, arrays(4))
    variables = [variable.value for variable in model.trainable_variables]
    before = [variable.numpy() for variable in variables]
    statistics = [weight.numpy() for weight in model.non_trainable_variables]
    with tf.GradientTape() as tape:
        loss, _ = view_losses(model(batch, training=True), stop_gradient=False)
    wanted = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    for weight, value in zip(model.non_trainable_variables, statistics, strict=True):
        weight.assign(value)
    model.train_on_batch(batch)
    for old, new, gradient in zip(before, variables, wanted, strict=True):
        np.testing.assert_allclose(new.numpy(), old - 0.5 * gradient.numpy(), rtol=1e-4, atol=1e-6)


def test_switches_are_kept_by_a_saved_model(tmp_path):
    model = make(predictor=False, stop_gradient=False)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.stop_gradient is False and loaded.towers.predictor is False
    one, other = (each(arrays(4), training=False)["narrow"] for each in (model, loaded))
    for name in one:
        np.testing.assert_array_equal(one[name]["h"], other[name]["h"])


def test_a_moving_average_takes_no_gradient():
    with pytest.raises(UserError, match=r"received stop_gradient=False with target_momentum=0.9; expected one of them"):
        make(target_momentum=0.9, stop_gradient=False)
    with pytest.raises(UserError, match=r"received stop_gradient=false with target_momentum=0.9; expected one of them"):
        override(presets.get("tiny-va"), ["model.target_momentum=0.9", "model.stop_gradient=false"])


def test_experiments_are_built_with_the_switches(one_unit):
    settings = ["model.narrow.depth=14", "model.predictor=false", "model.stop_gradient=false"]
    model = build(override(presets.get("tiny-va"), settings))
    assert not model.predictor_variables and not model.stop_gradient
