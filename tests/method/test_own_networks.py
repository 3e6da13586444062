"""The method with networks that the library does not know: which there may be, and what becomes of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.lars import LARS
from brave_tf.method.brave import Brave
from tests.method.own_networks import HEADS, arrays, as_tf_data, compiled, make, picture_network, sensor_network


def test_the_same_network_in_both_places_is_one(tmp_path):
    network = picture_network()
    model = Brave(network, {"left": network, "right": network}, **HEADS)
    assert len(model.encoder.weights) == 2
    assert sum("pictures" in weight.path for weight in model.weights) <= 2
    view = arrays()["narrow"]
    batch = {"narrow": view, "broad": {"left": view, "right": view}}
    compiled(model).fit(batch, batch_size=8, verbose=0)
    model.save(tmp_path / "brave.keras")
    loaded = keras.saving.load_model(tmp_path / "brave.keras")
    assert loaded.encoder is loaded.broad_encoders["left"] is loaded.broad_encoders["right"]
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), model(batch), loaded(batch))


class OwnLoss(Brave):
    """Adds a penalty, and reports it."""

    def loss_and_means(self, outputs, targets=None):
        loss, means = super().loss_and_means(outputs, targets)
        penalty = tf.reduce_mean(tf.square(outputs["narrow"]["imu"]["h"]))
        return loss + 0.1 * penalty, {**means, "penalty": penalty}


def test_a_derived_class_brings_its_own_loss_and_metrics():
    keras.utils.set_random_seed(0)
    model = compiled(OwnLoss(picture_network(), {"imu": sensor_network()}, **HEADS))
    history = model.fit(arrays(), batch_size=8, epochs=2, validation_data=as_tf_data(arrays()), verbose=0).history
    assert len(history["penalty"]) == len(history["val_penalty"]) == 2 and history["penalty"][0] > 0


@keras.saving.register_keras_serializable("tests")
class Foreign(keras.Model):
    """A derived model, as users write them."""

    def __init__(self, size=12, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(size)

    def call(self, inputs, training=False):
        return self.dense(self.flatten(inputs))

    def get_config(self):
        return {"size": self.size, "name": self.name}


@pytest.mark.parametrize("momentum", [None, 0.9])
def test_models_of_foreign_networks_save_and_load(tmp_path, momentum):
    network = Foreign()
    network(np.zeros((1, 6, 6, 3), "float32"))
    keras.utils.set_random_seed(0)
    arguments = {"target_momentum": momentum, "loss_scale": "released", "micro_batches": 2}
    model = compiled(Brave(network, {"imu": sensor_network()}, **HEADS, **arguments))
    model.fit(arrays(), batch_size=8, epochs=2, verbose=0)
    model.save(tmp_path / "brave.keras")
    loaded = keras.saving.load_model(tmp_path / "brave.keras")
    assert (loaded.target_momentum, loaded.loss_scale, loaded.micro_batches) == (momentum, "released", 2)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), model(arrays()), loaded(arrays()))
    ours, theirs = (each.fit(arrays(), batch_size=8, shuffle=False, verbose=0).history for each in (model, loaded))
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)


def test_tokens_and_sparse_gradients_train():
    text = keras.Sequential(
        [keras.Input((7,), dtype="int32"), keras.layers.Embedding(20, 6), keras.layers.GlobalAveragePooling1D()]
    )
    model = compiled(make(broad={"text": text}))
    batch = {**arrays(8), "broad": {"text": np.arange(56).reshape(8, 7) % 20}}
    before = text.weights[0].numpy()
    model.fit(batch, batch_size=8, verbose=0)
    assert not np.array_equal(text.weights[0].numpy(), before)


def test_weights_that_the_output_does_not_depend_on_are_left_alone():
    inputs = keras.Input((6, 6, 3))
    unused = keras.layers.Dense(3)
    unused.build((None, 4))
    network = keras.Model(inputs, keras.layers.Dense(5)(keras.layers.Flatten()(inputs)))
    network.unused = unused
    model = compiled(Brave(network, {"imu": sensor_network()}, **HEADS), optimizer=keras.optimizers.SGD(0.1))
    before = unused.get_weights()
    model.fit(arrays(), batch_size=8, verbose=0)
    for ours, theirs in zip(unused.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_lars_neither_decays_nor_scales_what_has_one_axis_and_knows_the_predictors():
    model = make()
    model.compile()
    optimizer = model.optimizer
    assert isinstance(optimizer, LARS) and not model.jit_compile
    optimizer.build(model.trainable_variables)
    for variable, excluded, multiplied in zip(
        model.trainable_variables, optimizer._is_bias_or_norm, optimizer._is_predictor, strict=True
    ):
        assert excluded == (len(variable.shape) == 1), variable.path
        assert multiplied == any(variable is predictor for predictor in model.predictor_variables)
    assert len(model.predictor_variables) == 2 * 6


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_heads_take_a_policy_and_networks_keep_theirs(dtype):
    model = make(dtype=dtype)
    assert keras.config.dtype_policy().name == "float32"
    head = model.towers.narrow_heads["imu"].projector.layers[0]
    assert head.compute_dtype == dtype.removeprefix("mixed_") and head.variable_dtype == "float32"
    assert {layer.compute_dtype for layer in model.encoder.layers} == {"float32"}
    compiled(model).fit(arrays(), batch_size=8, verbose=0)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == (dtype == "mixed_float16")


def test_a_summary_counts_everything():
    lines = []
    make().summary(print_fn=lines.append, line_length=120)
    text = "\n".join(lines)
    assert "towers" in text and f"{make().count_params():,}" in text


def test_regularisers_and_added_losses_of_the_networks_count():
    def loss(strength):
        keras.utils.set_random_seed(0)
        regularizer = keras.regularizers.L2(strength)
        layers = [keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(5, kernel_regularizer=regularizer)]
        model = compiled(Brave(keras.Sequential(layers), {"imu": sensor_network()}, **HEADS))
        return model, model.train_on_batch(arrays(8), return_dict=True)

    model, logs = loss(10.0)
    plain = loss(0.0)[1]
    assert logs["regularization"] > 0 and plain["regularization"] == 0
    assert logs["loss"] == pytest.approx(plain["loss"] + logs["regularization"], rel=1e-5)
    assert model.test_on_batch(arrays(8), return_dict=True)["regularization"] > 0


def test_the_moving_average_is_never_trained():
    model = compiled(make(target_momentum=1.0))
    model.trainable = False
    model.trainable = True
    before = model.target_towers.get_weights()
    compiled(model).fit(arrays(), batch_size=8, verbose=0)
    weights = zip(model.target_towers.weights, before, strict=True)
    assert all(np.array_equal(weight, value) for weight, value in weights if "moving" not in weight.path)


def test_lars_takes_predictors_by_name_and_refuses_names_of_no_layer():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="guess")(keras.layers.Dense(4)(inputs)))
    optimizer = LARS(predictors="guess")
    optimizer.build(model.trainable_variables)
    assert optimizer._is_predictor == [False, False, True, True]
    with pytest.raises(ValueError, match=r"predictors=\['gues'\]; expected names of layers"):
        LARS(predictors=["gues"]).build(model.trainable_variables)
