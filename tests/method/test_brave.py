"""The model: outputs, one training step, replicas, saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.lars import LARS
from brave_tf.losses import view_losses
from brave_tf.method.brave import Brave
from brave_tf.training.build import build

pytestmark = pytest.mark.usefixtures("one_unit")

TINY = ["model.narrow.width=0.0625", "model.rgb.width=0.0625", "model.audio.width=0.0625", "model.hidden_size=16"]


def make(name, *assignments):
    keras.utils.set_random_seed(0)
    return build(override(presets.get(name), [*TINY, "model.projection_size=8", *assignments]))


def views(name, batch=4, seed=0):
    generator = np.random.default_rng(seed)
    broad = {"audio": generator.random((batch, 40, 80), dtype="float32")}
    if name == "tiny-v":
        broad = {"rgb": generator.random((batch, 2, 4, 24, 24, 3), dtype="float32")}
    return {"narrow": generator.random((batch, 4, 32, 32, 3), dtype="float32"), "broad": broad}


def forever(batch):
    return tf.data.Dataset.from_tensors(batch).repeat()


@pytest.mark.parametrize(("name", "modality", "k"), [("tiny-va", "audio", 1), ("tiny-v", "rgb", 2)])
def test_call_returns_z_and_h_per_view(name, modality, k):
    outputs = make(name)(views(name))
    for kind in ("z", "h"):
        assert outputs["narrow"][modality][kind].shape == (4, 8)
        assert outputs["broad"][modality][kind].shape == (4, k, 8)


@pytest.mark.parametrize("name", ["tiny-va", "tiny-v"])
def test_training_lowers_the_loss_and_changes_every_weight(name):
    model = make(name)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), jit_compile=False)
    before = [weight.numpy() for weight in model.weights]
    history = []
    log = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: history.append(dict(logs)))
    model.fit(forever(views(name)), steps_per_epoch=25, shuffle=False, verbose=0, callbacks=[log])
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
    assert history[0]["loss"] == pytest.approx(
        sum(value for key, value in history[0].items() if "_to_" in key), rel=1e-5
    )
    assert {key for key in history[0] if key.startswith("spread")} != set()
    unchanged = [w.path for w, b in zip(model.weights, before, strict=True) if np.array_equal(w.numpy(), b)]
    assert unchanged == []


def test_a_step_follows_the_gradient_of_the_loss():
    model = make("tiny-va")
    batch = tf.nest.map_structure(tf.constant, views("tiny-va"))
    with tf.GradientTape() as tape:
        loss, _ = view_losses(model(batch, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    expected = [v.numpy() - 0.5 * g.numpy() for v, g in zip(model.trainable_variables, gradients, strict=True)]
    model.compile(optimizer=keras.optimizers.SGD(0.5), jit_compile=False)
    model.fit(forever(batch), steps_per_epoch=1, shuffle=False, verbose=0)
    for variable, value in zip(model.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, atol=1e-4, err_msg=variable.path)


def test_evaluate_reports_means_over_batches():
    model = make("tiny-va")
    model.compile(optimizer="sgd", jit_compile=False)
    parts = [views("tiny-va", seed=seed) for seed in (1, 2)]
    losses = [float(view_losses(model(part, training=False))[0]) for part in parts]
    dataset = tf.data.Dataset.from_tensors(parts[0]).concatenate(tf.data.Dataset.from_tensors(parts[1]))
    found = model.evaluate(dataset, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def test_uint8_views_are_scaled_and_augmented_by_their_parameters():
    model = make("tiny-va")
    batch = views("tiny-va")
    frames = (batch["narrow"] * 255).astype("uint8")
    plain = model.augmented_views({**batch, "narrow": tf.constant(frames)})["narrow"]
    np.testing.assert_allclose(plain, frames / 255, atol=1e-6)
    from brave_tf.data import augment

    drawn = [augment.sample(tf.constant([1, n], tf.int64), model.augment.config.narrow.augment) for n in range(4)]
    parameters = {name: tf.stack([one[name] for one in drawn]) for name in drawn[0]}
    changed = model.augmented_views({**batch, "narrow": tf.constant(frames), "augment": {"narrow": parameters}})
    assert np.abs(changed["narrow"] - plain).mean() > 0.01


def test_whole_model_saves_and_loads(tmp_path):
    model = make("tiny-v")
    model.compile(optimizer=LARS(0.1), jit_compile=False)
    model.fit(forever(views("tiny-v")), steps_per_epoch=2, shuffle=False, verbose=0)
    model.save(tmp_path / "brave.keras")
    loaded = keras.saving.load_model(tmp_path / "brave.keras")
    assert loaded.augment.config == model.augment.config
    batch = views("tiny-v", seed=5)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), model(batch), loaded(batch))
    for one in (model, loaded):
        one.fit(forever(batch), steps_per_epoch=1, shuffle=False, verbose=0)
    for a, b in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5, err_msg=a.path)


@pytest.fixture
def float64():
    # In float32, batch norm over so few values amplifies rounding to several percent of the update.
    policy = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(policy)


def test_two_replicas_step_like_one(two_replicas, float64):
    batch = tf.nest.map_structure(lambda array: array.astype("float64"), views("tiny-va", batch=8))
    losses, weights = [], []
    for strategy in (tf.distribute.get_strategy(), two_replicas):
        with strategy.scope():
            model = make("tiny-va")
            model.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=False)
        before = {weight.path: weight.numpy() for weight in model.weights}
        dataset = tf.data.Dataset.from_tensor_slices(batch).batch(8, drop_remainder=True).repeat()
        losses.append(model.fit(dataset, steps_per_epoch=1, shuffle=False, verbose=0).history["loss"][-1])
        weights.append({weight.path: weight.numpy() for weight in model.weights})
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    for path, value in weights[0].items():
        assert not np.array_equal(value, before[path]), path
        np.testing.assert_allclose(weights[1][path], value, rtol=1e-9, atol=1e-10, err_msg=path)


def test_unknown_presets_are_refused():
    from brave_tf.errors import UserError

    with pytest.raises(UserError, match="tiny-va"):
        Brave.from_preset("tiny-x")
