"""Batches and views for networks that the library does not know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.method.brave import Brave
from tests.method.own_networks import HEADS, arrays, compiled, make, sensor_network


def flipped(batch):
    return {**batch, "narrow": batch["narrow"][:, :, ::-1]}


def test_views_may_be_integers_where_networks_take_them():
    layers = [keras.Input((6, 6, 3), dtype="uint8"), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    network = keras.Sequential([*layers, keras.layers.Dense(5)])
    model = compiled(Brave(network, {"imu": sensor_network()}, **HEADS, augment=flipped))
    batch = arrays(8)
    model.train_on_batch({**batch, "narrow": np.zeros((8, 6, 6, 3), "uint8")})
    assert model.counted_steps == 1


def test_an_entry_with_one_axis_more_holds_several_views():
    model = make()
    batch = arrays(5, views=3)
    outputs = model(batch)
    assert outputs["broad"]["imu"]["z"].shape == (5, 3, 8)
    single = model({**batch, "broad": {"imu": batch["broad"]["imu"][:, 1]}})
    np.testing.assert_allclose(outputs["broad"]["imu"]["z"][:, 1:2], single["broad"]["imu"]["z"], atol=1e-6)


def test_batches_of_other_numbers_of_views_train():
    model = compiled(make())
    for views in (1, 2, 3, 2):
        model.train_on_batch(arrays(8, views=views))
    assert model.counted_steps == 4


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


@pytest.mark.thorough
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
