"""Training in half precision."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.encoders.card import card_of
from brave_tf.encoders.encoder import save_encoder, seeded_initialisation
from brave_tf.encoders.loading import load_encoder
from brave_tf.method.brave import build_optimizer
from brave_tf.training.build import make_model
from tests.method.test_micro_batches import SMALL, batch

pytestmark = pytest.mark.usefixtures("one_unit")


def make(*changes):
    settings = [*SMALL, "optimizer.peak_learning_rate=0.1", "optimizer.warmup_steps=0", *changes]
    with seeded_initialisation(0):
        return make_model(override(presets.get("tiny-va"), settings))


def fit(model, steps=1, clips=8):
    data = tf.data.Dataset.from_tensor_slices(batch(clips)).batch(clips, drop_remainder=True).repeat()
    found = []
    record = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: found.append(dict(logs)))
    model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[record])
    return found


def lower_scale(model):
    """Keeps the first step in half precision from overflowing, which is how the scale is found."""
    build_optimizer(model)
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        model.optimizer.dynamic_scale.assign(16.0)


@functools.cache
def first_step(precision):
    """A model of this precision after its first step on one device, and what that reported."""
    model = make(f"precision={precision}")
    lower_scale(model)
    (logs,) = fit(model)
    return model, logs


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_networks_compute_in_half_precision_with_weights_in_float32(precision):
    model, logs = first_step(precision)
    assert {layer.compute_dtype for layer in model.encoder.layers if layer.weights} == {precision}
    assert {weight.dtype for weight in model.weights if "seed" not in weight.path} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    _, exact = first_step("float32")
    for name in ("loss", "spread_audio", "predictor_norm"):
        assert logs[name] == pytest.approx(exact[name], rel=0.05), name
    assert logs["gradient_norm"] == pytest.approx(exact["gradient_norm"], rel=0.3)


def test_float16_scales_the_loss_and_skips_a_step_that_overflows():
    model = make("precision=float16")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    build_optimizer(model)
    before = [variable.numpy() for variable in model.trainable_variables]
    model.optimizer.dynamic_scale.assign(3e38)
    fit(model)
    for variable, value in zip(model.trainable_variables, before, strict=True):
        assert np.array_equal(variable.numpy(), value), variable.path
    assert float(model.optimizer.dynamic_scale) == pytest.approx(1.5e38)
    model.optimizer.dynamic_scale.assign(1024.0)
    fit(model)
    assert not np.array_equal(model.trainable_variables[0].numpy(), before[0])


@pytest.mark.thorough
@pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.slow), "float16"])
def test_two_replicas_train_in_half_precision(two_replicas, precision):
    with two_replicas.scope():
        model = make(f"precision={precision}")
    before = model.trainable_variables[0].numpy()
    lower_scale(model)
    (logs,) = fit(model)
    _, one = first_step(precision)
    assert logs["loss"] == pytest.approx(one["loss"], rel=0.02)
    assert not np.array_equal(model.trainable_variables[0].numpy(), before)


def test_an_encoder_trained_in_half_precision_is_kept_in_float32(tmp_path):
    model = make("precision=bfloat16")
    save_encoder(model.encoder, card_of(model.augment.config, model.encoder, 0), tmp_path / "encoder.keras")
    loaded = load_encoder(tmp_path / "encoder.keras")
    assert {layer.compute_dtype for layer in loaded.model.layers} == {"float32"}
    video = batch()["narrow"]
    np.testing.assert_allclose(loaded(video), make().encoder(video), atol=1e-5)
