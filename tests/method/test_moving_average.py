"""The moving-average target: what is regressed, how it follows, and that nothing is trained through it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.losses import view_losses
from brave_tf.training.build import build
from tests.method import own_networks

pytestmark = pytest.mark.usefixtures("one_unit")

TINY = [
    "model.narrow.depth=14",
    "model.narrow.width=0.0625",
    "model.audio.width=0.0625",
    "model.hidden_size=16",
    "model.projection_size=8",
]
MOMENTUM = 0.9


def make(*assignments):
    keras.utils.set_random_seed(0)
    model = build(override(presets.get("tiny-va"), [*TINY, f"model.target_momentum={MOMENTUM}", *assignments]))
    model.compile(optimizer=keras.optimizers.SGD(0.5), jit_compile=False)
    return model


def batch(clips=4, seed=0):
    generator = np.random.default_rng(seed)
    return {
        "narrow": generator.random((clips, 2, 32, 32, 3), dtype="float32"),
        "broad": {"audio": generator.random((clips, 40, 80), dtype="float32")},
    }


def fit(model, steps):
    data = tf.data.Dataset.from_tensor_slices(batch()).batch(4, drop_remainder=True).repeat()
    model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)


@pytest.fixture(scope="module")
def trained(one_unit):
    """A model after three steps, for tests that only look at it."""
    model = make()
    fit(model, 3)
    return model


def test_targets_start_as_copies_and_only_the_towers_are_trained():
    model = make()
    for ours, theirs in zip(model.towers.weights, model.target_towers.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert {w.path for w in model.trainable_variables} == {w.path for w in model.towers.trainable_variables}


def check_that_targets_follow(model, step):
    places = [place for place, weight in enumerate(model.towers.weights) if weight.trainable]
    before = [weight.numpy() for weight in model.target_towers.weights]
    step()
    after = [weight.numpy() for weight in model.target_towers.weights]
    online = [weight.numpy() for weight in model.towers.weights]
    for place in places:
        expected = MOMENTUM * before[place] + (1 - MOMENTUM) * online[place]
        np.testing.assert_allclose(after[place], expected, atol=1e-6)
    assert len(places) > 20 and not any(np.array_equal(after[place], before[place]) for place in places)


def test_targets_follow_after_each_step():
    model = make()
    check_that_targets_follow(model, lambda: fit(model, 1))


@pytest.mark.thorough
def test_targets_follow_on_two_replicas(two_replicas):
    with two_replicas.scope():
        own = own_networks.make(broad={"imu": own_networks.normalised_network()}, target_momentum=MOMENTUM)
        model = own_networks.compiled(own)
    check_that_targets_follow(model, lambda: model.fit(own_networks.arrays(8), batch_size=8, shuffle=False, verbose=0))


def test_the_projections_of_the_targets_are_regressed(trained):
    model = trained
    views = model.augmented_views(tf.nest.map_structure(tf.constant, batch(seed=1)))
    outputs, targets = model(views, training=False), model.target_towers(views, training=False)
    found, _ = model.loss_and_means(outputs, model.targets(views, training=False))
    assert float(found) == pytest.approx(float(view_losses(outputs, targets=targets)[0]), rel=1e-6)
    assert abs(float(found) - float(view_losses(outputs)[0])) > 1e-4


def test_no_gradient_flows_into_the_targets():
    model = make()
    views = model.augmented_views(tf.nest.map_structure(tf.constant, batch()))
    values = [weight.value for weight in model.target_towers.weights if weight.dtype == "float32"]
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = model(views, training=True)
        loss, _ = model.loss_and_means(outputs, model.targets(views, training=True))
    assert tape.gradient(loss, values) == [None] * len(values)


def test_a_saved_model_goes_on_with_its_targets(trained, tmp_path):
    model = trained
    model.save(tmp_path / "brave.keras")
    loaded = keras.saving.load_model(tmp_path / "brave.keras")
    for ours, theirs in zip(model.target_towers.weights, loaded.target_towers.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert len(loaded.trainable_variables) == len(model.trainable_variables)


def test_batch_norm_of_the_targets_uses_the_batch(trained):
    variances = [w.numpy() for w in trained.target_towers.weights if w.path.endswith("moving_variance")]
    assert variances and all(np.any(value != 1) for value in variances)
