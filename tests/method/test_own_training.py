"""Networks that the library does not know are trained as any Keras model is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.losses import view_losses
from brave_tf.method.brave import Brave
from tests.method.own_networks import (
    EXAMPLES,
    HEADS,
    arrays,
    as_tf_data,
    compiled,
    make,
    normalised_network,
    picture_network,
    sensor_network,
)


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


@pytest.fixture(scope="module")
def step_by_step():
    """A model that was trained on three batches twice, one call for each."""
    model = compiled(make())
    for _ in range(2):
        for number in range(3):
            model.train_on_batch(tf.nest.map_structure(lambda a, n=number: a[8 * n : 8 * n + 8], arrays()))
    return model


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_batches_gives_the_same_training(source, step_by_step):
    fitted = compiled(make())
    data = SOURCES[source](arrays())
    validation = tf.data.Dataset.from_tensors(arrays(8, seed=1))
    history = fitted.fit(**data, validation_data=validation, epochs=3, initial_epoch=1, shuffle=False, verbose=0)
    assert fitted.counted_steps == step_by_step.counted_steps == 6
    for ours, theirs in zip(fitted.weights, step_by_step.weights, strict=True):
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


@pytest.mark.thorough
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


@pytest.mark.parametrize("jit_compile", ["auto", pytest.param(True, marks=pytest.mark.thorough), False])
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
