"""What of networks, batches and arguments cannot be used is refused in one line."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.losses import view_losses
from brave_tf.method.brave import Brave
from tests.method.own_networks import arrays, compiled, make, picture_network, sensor_network


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


def scaled(batch):
    return {**batch, "narrow": tf.cast(batch["narrow"], tf.float32) / 255.0}


scaled.gives_floats = True


def test_stored_pixels_are_not_taken_for_views():
    model = make(augment=scaled)
    batch = arrays(4)
    with pytest.raises(ValueError, match=r"narrow as uint8; expected views.*augmented_views"):
        model({**batch, "narrow": np.zeros((4, 6, 6, 3), "uint8")})


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


def test_replicas_without_equal_shares_are_refused(two_replicas):
    with two_replicas.scope():
        model = compiled(make())
    with pytest.raises(UserError, match="a batch of 1 examples for 2 replicas; expected a multiple of 2"):
        model.fit(arrays(9), batch_size=8, shuffle=False, verbose=0)


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
