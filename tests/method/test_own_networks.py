"""The method with networks and modalities that the library does not know, trained as any Keras model is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.lars import LARS
from brave_tf.losses import view_losses
from brave_tf.method.brave import Brave

HEADS = {"hidden_size": 16, "projection_size": 8}
EXAMPLES = 24


def picture_network(size=12):
    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(size)], name="pictures")


def sensor_network(size=10):
    layers = [keras.Input((20, 3)), keras.layers.Conv1D(6, 5, activation="relu"), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(size)], name="sensor")


def normalised_network():
    layers = [keras.Input((20, 3)), keras.layers.Conv1D(6, 5), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(9)], name="normalised")


def make(seed=0, broad=None, **arguments):
    keras.utils.set_random_seed(seed)
    return Brave(picture_network(), broad or {"imu": sensor_network()}, **{**HEADS, **arguments})


def arrays(examples=EXAMPLES, seed=0, views=None):
    """Pictures and sensor signals that share one number per example."""
    rng = np.random.default_rng(seed)
    cause = rng.standard_normal((examples, 1))
    shape = (examples, 20, 3) if views is None else (examples, views, 20, 3)
    pictures = cause[..., None, None] + 0.1 * rng.standard_normal((examples, 6, 6, 3))
    signals = cause.reshape(examples, *[1] * (len(shape) - 1)) + 0.1 * rng.standard_normal(shape)
    return {"narrow": pictures.astype("float32"), "broad": {"imu": signals.astype("float32")}}


def compiled(model, **arguments):
    model.compile(**{"optimizer": LARS(0.5), **arguments})
    return model


def as_tf_data(batch):
    return tf.data.Dataset.from_tensor_slices(batch).batch(8)


class Batches(keras.utils.PyDataset):
    def __init__(self, x):
        super().__init__()
        self.x = x

    def __len__(self):
        return 3

    def __getitem__(self, number):
        return tf.nest.map_structure(lambda array: array[8 * number : 8 * number + 8], self.x)


SOURCES = {
    "arrays": lambda x: {"x": x, "batch_size": 8},
    "tf.data": lambda x: {"x": as_tf_data(x)},
    "tf.data of (x, y)": lambda x: {"x": tf.data.Dataset.zip(as_tf_data(x), tf.data.Dataset.range(3))},
    "PyDataset": lambda x: {"x": Batches(x)},
}


def flipped(batch):
    return {**batch, "narrow": batch["narrow"][:, :, ::-1]}


def test_views_may_be_integers_where_networks_take_them():
    layers = [keras.Input((6, 6, 3), dtype="uint8"), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    network = keras.Sequential([*layers, keras.layers.Dense(5)])
    model = compiled(Brave(network, {"imu": sensor_network()}, **HEADS, augment=flipped))
    batch = arrays(8)
    model.train_on_batch({**batch, "narrow": np.zeros((8, 6, 6, 3), "uint8")})
    assert model.counted_steps == 1


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_batches_gives_the_same_training(source):
    fitted = compiled(make())
    data = SOURCES[source](arrays())
    validation = tf.data.Dataset.from_tensors(arrays(8, seed=1))
    history = fitted.fit(**data, validation_data=validation, epochs=3, initial_epoch=1, shuffle=False, verbose=0)
    expected = compiled(make())
    for _ in range(2):
        for number in range(3):
            expected.train_on_batch(tf.nest.map_structure(lambda a, n=number: a[8 * n : 8 * n + 8], arrays()))
    assert fitted.counted_steps == expected.counted_steps == 6
    for ours, theirs in zip(fitted.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6, err_msg=ours.path)
    assert len(history.history["loss"]) == len(history.history["val_loss"]) == 2
    assert set(history.history) >= {"narrow_to_imu", "imu_to_narrow", "spread_imu", "val_effective_rank_imu"}


def test_the_loss_falls_and_the_encoder_is_the_narrow_network():
    model = compiled(make(), optimizer=keras.optimizers.Adam(3e-3))
    history = model.fit(arrays(48), batch_size=16, epochs=15, verbose=0).history["loss"]
    assert history[-1] < 0.6 * history[0]
    assert model.encoder.predict(arrays()["narrow"], verbose=0).shape == (EXAMPLES, 12)
    assert model.broad_encoders["imu"].predict(arrays()["broad"]["imu"], verbose=0).shape == (EXAMPLES, 10)


def test_the_metrics_of_an_epoch_are_means_of_its_batches():
    model = compiled(make())
    batches = []
    record = keras.callbacks.LambdaCallback(on_train_batch_end=lambda number, logs: batches.append(dict(logs)))
    history = model.fit(arrays(), batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[record]).history
    assert len(batches) == 6
    for name in ("loss", "gradient_norm"):
        assert history[name][1] == pytest.approx(np.mean([float(logs[name]) for logs in batches[3:]]), rel=1e-5)


def test_several_steps_per_execution_train_every_batch():
    ends = []
    record = keras.callbacks.LambdaCallback(on_train_batch_end=lambda number, logs: ends.append(number))
    together = compiled(make(), steps_per_execution=2)
    together.fit(as_tf_data(arrays()), epochs=2, shuffle=False, verbose=0, callbacks=[record])
    alone = compiled(make())
    alone.fit(as_tf_data(arrays()), epochs=2, shuffle=False, verbose=0)
    assert together.counted_steps == alone.counted_steps == 6 and len(ends) == 4
    for ours, theirs in zip(together.weights, alone.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    both = [model.evaluate(as_tf_data(arrays(seed=2)), verbose=0, return_dict=True) for model in (together, alone)]
    assert both[0] == pytest.approx(both[1])


def test_an_entry_with_one_axis_more_holds_several_views():
    model = make()
    batch = arrays(5, views=3)
    outputs = model(batch)
    assert outputs["broad"]["imu"]["z"].shape == (5, 3, 8)
    single = model({**batch, "broad": {"imu": batch["broad"]["imu"][:, 1]}})
    np.testing.assert_allclose(outputs["broad"]["imu"]["z"][:, 1:2], single["broad"]["imu"]["z"], atol=1e-6)


def double(batch):
    return {"narrow": 2.0 * batch["narrow"], "broad": {"imu": batch["sensor"]}}


def test_augment_makes_views_of_batches_wherever_batches_are_taken():
    batch = arrays(8)
    stored = {"narrow": batch["narrow"], "sensor": batch["broad"]["imu"], "note": np.arange(8)}
    plain, augmented = compiled(make()), compiled(make(augment=double))
    views = {**batch, "narrow": 2.0 * batch["narrow"]}
    for name in ("train_on_batch", "test_on_batch"):
        ours = getattr(augmented, name)(stored, return_dict=True)
        theirs = getattr(plain, name)(views, return_dict=True)
        assert ours == pytest.approx(theirs, rel=1e-5)
    ours, theirs = augmented.predict(stored, verbose=0), plain.predict(views, verbose=0)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), ours, theirs)


def scaled(batch):
    return {**batch, "narrow": tf.cast(batch["narrow"], tf.float32) / 255.0}


scaled.gives_floats = True


def test_stored_pixels_are_not_taken_for_views():
    model = make(augment=scaled)
    batch = arrays(4)
    with pytest.raises(ValueError, match=r"narrow as uint8; expected views.*augmented_views"):
        model({**batch, "narrow": np.zeros((4, 6, 6, 3), "uint8")})


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


def test_callbacks_of_keras_work(tmp_path):
    model = compiled(make(), optimizer=keras.optimizers.SGD(0.01))
    rates = []
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", monitor="val_loss", save_best_only=True),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, min_delta=100.0, restore_best_weights=True),
        keras.callbacks.TensorBoard(tmp_path / "board", update_freq=1),
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 / (1 + epoch)),
        keras.callbacks.BackupAndRestore(tmp_path / "backup"),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda e, logs: rates.append(float(model.optimizer.learning_rate))),
    ]
    history = model.fit(
        arrays(), batch_size=8, epochs=9, validation_data=as_tf_data(arrays()), callbacks=callbacks, verbose=0
    )
    assert len(history.history["loss"]) == 2 and rates == pytest.approx([0.01, 0.005])
    assert keras.saving.load_model(tmp_path / "best.keras")(arrays())["narrow"]["imu"]["z"].shape == (EXAMPLES, 8)
    assert list((tmp_path / "board" / "train").glob("events*"))


def test_an_interrupted_fit_goes_on_by_backup_and_restore(tmp_path):
    def fit(model, epochs, **arguments):
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        return model.fit(as_tf_data(arrays()), epochs=epochs, shuffle=False, verbose=0, callbacks=[backup], **arguments)

    whole = compiled(make(), optimizer=keras.optimizers.Adam(1e-3))
    whole.fit(as_tf_data(arrays()), epochs=3, shuffle=False, verbose=0)
    fit(compiled(make(), optimizer=keras.optimizers.Adam(1e-3)), 1)
    continued = compiled(make(seed=1), optimizer=keras.optimizers.Adam(1e-3))
    assert len(fit(continued, 3).history["loss"]) == 2
    for ours, theirs in zip(continued.weights, whole.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6, err_msg=ours.path)


def test_a_loss_that_is_not_finite_ends_training():
    batch = arrays()
    batch["narrow"][3] = np.nan
    model = compiled(make())
    model.fit(batch, batch_size=8, epochs=4, shuffle=False, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert model.counted_steps < 12


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


@pytest.mark.parametrize("jit_compile", ["auto", True, False])
def test_every_way_of_compiling_gives_the_same_step(jit_compile):
    model = compiled(make(), jit_compile=jit_compile)
    loss = model.train_on_batch(arrays(8), return_dict=True)["loss"]
    assert loss == pytest.approx(float(view_losses(make()(arrays(8), training=True))[0]), rel=1e-4)
    assert bool(model.jit_compile) == (jit_compile is True)


def test_two_replicas_give_the_loss_of_one_also_with_batch_norm_of_others(two_replicas):
    losses = []
    for strategy in (tf.distribute.get_strategy(), two_replicas):
        with strategy.scope():
            keras.utils.set_random_seed(1)
            model = compiled(make(broad={"imu": normalised_network()}))
        losses.append(model.fit(arrays(8), batch_size=8, shuffle=False, verbose=0).history["loss"][0])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_a_summary_counts_everything():
    lines = []
    make().summary(print_fn=lines.append, line_length=120)
    text = "\n".join(lines)
    assert "towers" in text and f"{make().count_params():,}" in text


def unbuilt():
    return keras.Sequential([keras.layers.Dense(3)], name="raw")


def unpooled():
    return keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(2, 3)], name="unpooled")


def two_inputs():
    inputs = [keras.Input((3,)), keras.Input((3,))]
    return keras.Model(inputs, keras.layers.Concatenate()(inputs), name="two")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"narrow": unbuilt}, "narrow=raw, which is not built"),
        ({"narrow": unpooled}, r"narrow=unpooled, whose output is \(None, 4, 4, 2\); expected one vector"),
        ({"narrow": two_inputs}, "narrow=two, which takes 2 inputs; expected one"),
        ({"narrow": lambda: len}, "narrow of type builtin_function_or_method; expected a keras.Model"),
        ({"broad": dict}, r"broad=\{\}; expected networks by name"),
        ({"broad": sensor_network}, "expected networks by name"),
        ({"broad": lambda: {"a/b": sensor_network()}}, "called 'a/b'; expected a name without '/'"),
        ({"broad": lambda: {"narrow": sensor_network()}}, "and not 'narrow'"),
        ({"heads": "shared"}, "heads=shared with embeddings of sizes .*'narrow': 12, 'imu': 10"),
        ({"heads": "both"}, "heads='both'; expected one of: separate, shared"),
        ({"loss_scale": "half"}, "loss_scale='half'; expected one of: paper, released"),
        ({"micro_batches": 0}, "micro_batches=0; expected a whole number of at least 1"),
        ({"target_momentum": 1.5}, "target_momentum=1.5; expected None, or a share"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_in_one_line(change, message):
    # Networks are made here: TensorFlow must not run while tests are collected.
    made = {name: value() if callable(value) else value for name, value in change.items()}
    arguments = {"narrow": picture_network(), "broad": {"imu": sensor_network()}, **made}
    with pytest.raises(UserError, match=message) as caught:
        Brave(arguments.pop("narrow"), arguments.pop("broad"), **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda batch: batch["narrow"], r'expected \{"narrow": \.\.\., "broad"'),
        (lambda batch: {"narrow": batch["narrow"]}, "a dictionary of narrow; expected"),
        (lambda batch: {**batch, "broad": {"audio": batch["broad"]["imu"]}}, "broad views are audio; expected imu"),
        (lambda batch: {**batch, "broad": {**batch["broad"], "x": batch["narrow"]}}, "are imu, x; expected imu"),
        (lambda batch: {**batch, "narrow": batch["narrow"][:, None]}, r"narrow of shape .*5 axes; .*expected 4 axes"),
        (lambda batch: {**batch, "broad": {"imu": batch["broad"]["imu"][..., 0]}}, "expected 3 axes, or 4 with K"),
    ],
)
def test_batches_that_cannot_be_used_are_refused_in_one_line(change, message):
    model = compiled(make())
    with pytest.raises(UserError, match=message) as caught:
        model.fit(change(arrays()), batch_size=8, verbose=0)
    assert "\n" not in str(caught.value)


def test_a_batch_that_micro_batches_do_not_divide_is_refused_not_cut():
    model = compiled(make(micro_batches=3))
    with pytest.raises(UserError, match="a batch of 8 examples for micro_batches=3; expected a multiple of 3"):
        model.fit(arrays(), batch_size=8, verbose=0)
    with pytest.raises(UserError, match="a batch of 3 examples for micro_batches=2"):
        compiled(make(micro_batches=2)).fit(arrays(11), batch_size=8, shuffle=False, verbose=0)


def test_losses_and_metrics_of_compile_are_refused():
    with pytest.raises(UserError, match=r"loss, metrics in compile\(\).*loss_and_means"):
        make().compile(loss="mse", metrics=["mae"])


def test_an_unknown_loss_scale_is_refused():
    with pytest.raises(UserError, match="scale='paper '"):
        view_losses(make()(arrays(4)), "paper ")


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


def test_batches_of_other_numbers_of_views_train():
    model = compiled(make())
    for views in (1, 2, 3, 2):
        model.train_on_batch(arrays(8, views=views))
    assert model.counted_steps == 4


class LossAlone(Brave):
    """Reports less of training than of testing."""

    def train_step(self, data):
        return {"loss": super().train_step(data)["loss"]}


def test_means_of_training_and_testing_stay_apart():
    keras.utils.set_random_seed(0)
    model = compiled(LossAlone(picture_network(), {"imu": sensor_network()}, **HEADS))
    losses = []
    record = keras.callbacks.LambdaCallback(on_train_batch_end=lambda number, logs: losses.append(float(logs["loss"])))
    data = {"x": arrays(), "batch_size": 8, "validation_data": as_tf_data(arrays(seed=1))}
    history = model.fit(**data, epochs=2, verbose=0, callbacks=[record]).history
    assert history["loss"] == pytest.approx([np.mean(losses[:3]), np.mean(losses[3:])], rel=1e-5)


def test_means_weigh_batches_by_their_examples():
    model = compiled(make())
    data = tf.data.Dataset.from_tensor_slices(arrays(9)).batch(8)
    parts = [model.test_on_batch(part, return_dict=True)["loss"] for part in data]
    model.reset_metrics()
    single = [compiled(make()).test_on_batch(part, return_dict=True)["loss"] for part in data]
    assert parts[0] == pytest.approx(single[0])
    whole = model.evaluate(data, verbose=0, return_dict=True)["loss"]
    assert whole == pytest.approx((8 * single[0] + single[1]) / 9, rel=1e-5)


def test_replicas_without_equal_shares_are_refused(two_replicas):
    with two_replicas.scope():
        model = compiled(make())
    with pytest.raises(UserError, match="a batch of 1 examples for 2 replicas; expected a multiple of 2"):
        model.fit(arrays(9), batch_size=8, shuffle=False, verbose=0)


def test_strings_in_a_batch_do_not_disturb_a_compiled_step():
    batch = {**arrays(8), "name": tf.constant(["a"] * 8)}
    model = compiled(make(), jit_compile=True)
    model.fit(tf.data.Dataset.from_tensors(batch), shuffle=False, verbose=0)
    assert model.counted_steps == 1


def test_scalars_in_a_batch_go_to_every_part():
    batch = {**arrays(8), "scale": np.float32(2)}
    model = compiled(make(micro_batches=2, augment=lambda each: {**each, "narrow": each["narrow"] * each["scale"]}))
    model.train_on_batch(batch)
    assert model.counted_steps == 1


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


def test_what_does_not_belong_together_is_refused_in_one_line(tmp_path):
    model = compiled(make())
    batch = arrays(8)
    with pytest.raises(UserError, match=r"different numbers of examples, \{'narrow': 1, 'imu': 8\}"):
        model.train_on_batch({**batch, "narrow": batch["narrow"][:1]})
    with pytest.raises(UserError, match="expected at least one view of each example"):
        model.train_on_batch({**batch, "broad": {"imu": batch["broad"]["imu"][:, None][:, :0]}})
    with pytest.raises(UserError, match="augment='flip'; expected a callable"):
        make(augment="flip")
    with pytest.raises(UserError, match=r"model\.encoder\.export"):
        model.export(tmp_path / "out")
    with pytest.raises(UserError, match=r"received loss in compile"):
        model.compile("adam", "mse")
