"""Gradient accumulation: batches worked through in parts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.data.pipeline import check_batch
from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.errors import UserError
from brave_tf.method.micro_batches import mean_over_parts
from brave_tf.training.build import build

pytestmark = pytest.mark.usefixtures("one_unit")

SMALL = [
    *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625"],
    *["model.hidden_size=16", "model.projection_size=8"],
]


def make(*changes, frozen_statistics=False):
    with seeded_initialisation(0):
        model = build(override(presets.get("tiny-va"), [*SMALL, *changes]))
    for layer in model._flatten_layers():
        if frozen_statistics and isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
    return model


def batch(clips=8):
    generator = np.random.default_rng(0)
    return {
        "narrow": generator.random((clips, 2, 24, 24, 3), dtype="float32"),
        "broad": {"audio": generator.random((clips, 32, 80), dtype="float32")},
        "clip_id": np.arange(clips),
    }


def step(model):
    """One step on a batch; its logs, and the weights by number and path."""
    data = tf.data.Dataset.from_tensor_slices(batch()).batch(8, drop_remainder=True).repeat()
    log = {}
    record = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: log.update(logs))
    model.fit(data, steps_per_epoch=1, shuffle=False, verbose=0, callbacks=[record])
    return log, weights(model)


def weights(model):
    return {f"{number} {weight.path}": weight.numpy() for number, weight in enumerate(model.weights)}


@pytest.mark.parametrize("unroll", [False, True])
def test_means_over_parts_are_those_over_the_whole(unroll):
    data = {"a": tf.random.normal([12, 3]), "b": tf.random.normal([12])}

    def function(part):
        return {"sum": tf.reduce_mean(part["a"] * part["b"][:, None], axis=0), "b": tf.reduce_mean(part["b"])}

    whole = function(data)
    for run in (lambda: mean_over_parts(function, data, 3, unroll=unroll),) * 2:
        for found in (run(), tf.function(run)()):
            tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), found, whole)


def test_parts_follow_one_another():
    seen = tf.Variable([0.0, 0.0], dtype=tf.float32)

    @tf.function
    def run(unroll):
        def function(part):
            # What a part finds tells whether the one before it was done.
            before = tf.identity(seen)
            seen.assign_add(part[0])
            return {"order": before[0]}

        return mean_over_parts(function, tf.constant([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]), 3, unroll=unroll)

    for unroll in (False, True):
        seen.assign([0.0, 0.0])
        assert float(run(unroll)["order"]) == pytest.approx((0 + 1 + 3) / 3)


def test_accumulation_is_exact_where_batch_norm_does_not_mix_clips():
    _, whole = step(make(frozen_statistics=True))
    start = weights(make())
    logs, parts = step(make("micro_batches=4", frozen_statistics=True))
    assert any(not np.array_equal(start[path], value) for path, value in whole.items())
    for path, value in whole.items():
        np.testing.assert_allclose(parts[path], value, atol=2e-6, err_msg=path)
    assert set(logs) >= {"loss", "spread_audio", "effective_rank_narrow_for_audio", "gradient_norm"}


def test_statistics_move_once_for_every_part():
    norm = "unit_0_block_0_0_norm/moving_variance"
    for parts in (1, 2, 4):
        model = make(f"micro_batches={parts}")
        statistic = next(weight for weight in model.encoder.weights if weight.path.endswith(norm))
        statistic.assign(np.full(statistic.shape, 1e6))
        step(model)
        # What is left of the start after `parts` moves with momentum 0.9.
        np.testing.assert_allclose(statistic.numpy() / 1e6, 0.9**parts, rtol=1e-4)


@pytest.mark.thorough
def test_two_replicas_accumulate_as_one(two_replicas):
    # Parts hold other clips on two replicas than on one; without batch norm that changes nothing.
    _, one = step(make("micro_batches=2", frozen_statistics=True))
    with two_replicas.scope():
        model = make("micro_batches=2", frozen_statistics=True)
    _, two = step(model)
    for path, value in one.items():
        np.testing.assert_allclose(two[path], value, atol=2e-6, err_msg=path)


def test_batches_that_do_not_divide_are_refused():
    config = override(presets.get("tiny-va"), ["batch_size=12", "micro_batches=2"])
    check_batch(config, 3)
    with pytest.raises(UserError, match=r"batch_size=12 for 4 replicas with 2 micro-batches each; .* multiple of 8"):
        check_batch(config, 4)
