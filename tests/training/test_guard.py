"""The guard against runs that learn nothing any more, and what it leaves behind."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import MonitorConfig
from brave_tf.config.values import override
from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.errors import UserError
from brave_tf.models.heads import Head
from brave_tf.training.build import build
from brave_tf.training.guard import HealthGuard

pytestmark = pytest.mark.usefixtures("one_unit")

HEALTHY = {"loss": 3.0, "gradient_norm": 5.0, "spread_audio": 0.98, "spread_narrow_for_audio": 0.9}


def guard(limits=None, run=None, optimizer="sgd"):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=optimizer)
    made = HealthGuard(limits, run, "brave-tf pretrain tiny-va --data d --run r")
    made.set_model(model)
    return made


def feed(made, **changes):
    made.on_train_batch_end(0, {**HEALTHY, **changes})


@pytest.mark.parametrize(("name", "words"), [("loss", "loss"), ("gradient_norm", "gradient norm")])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stops_the_run_at_once(name, words, value, tmp_path):
    made = guard(run=tmp_path)
    feed(made)
    with pytest.raises(UserError, match=f"the {words} became -?(nan|inf) at step 0; .*brave-tf pretrain tiny-va"):
        feed(made, **{name: value})
    found = json.loads((tmp_path / "diagnosis.json").read_text())
    assert found["reason"] == "non-finite loss" and found["command"].startswith("brave-tf pretrain")
    assert found["metrics"].keys() == HEALTHY.keys()


@pytest.mark.parametrize(
    ("lines", "words", "absent"),
    [
        (
            ["clip 7 of a.mp4: not finite in audio"],
            "its input was not finite, so prepare again: clip 7 of a.mp4",
            "rate",
        ),
        ([], "its input was finite, so the training diverged: try a lower optimizer.peak_learning_rate", "prepare"),
    ],
)
def test_bad_input_is_told_from_divergence(lines, words, absent, tmp_path):
    made = guard(run=tmp_path)
    asked = []
    made._look_at_input = lambda step: asked.append(step) or lines
    with pytest.raises(UserError) as caught:
        feed(made, loss=np.nan)
    found = json.loads((tmp_path / "diagnosis.json").read_text())
    assert asked == [0] and words in str(caught.value) and words in found["message"] and found["bad_input"] == lines
    assert absent not in found["message"]


def test_a_gradient_that_overflows_in_half_precision_is_left_to_the_loss_scale():
    made = guard(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))
    feed(made, gradient_norm=np.inf)
    with pytest.raises(UserError, match="loss became nan"):
        feed(made, loss=np.nan)


def test_a_spread_that_stays_low_is_a_collapse(tmp_path):
    made = guard(MonitorConfig(collapse_spread=0.5, collapse_patience=3), tmp_path)
    for _ in range(5):
        feed(made, spread_audio=0.3)
        feed(made, spread_audio=0.4)
        feed(made)
    feed(made, spread_narrow_for_audio=0.2)
    feed(made, spread_audio=0.1)
    with pytest.raises(UserError, match=r"collapsed: spread_audio is 0\.40 .* below 0\.5 for 3 steps"):
        feed(made, spread_audio=0.4)
    assert json.loads((tmp_path / "diagnosis.json").read_text())["reason"] == "collapse"


def test_without_a_limit_nothing_is_a_collapse():
    made = guard(MonitorConfig(collapse_spread=0.0, collapse_patience=1))
    feed(made, spread_audio=0.0)


def clips(step):
    """Clips of random colours and loudness: networks can tell them apart, and can also answer the same to all."""
    seed = tf.stack([tf.cast(step, tf.int32), 0])
    color = tf.random.stateless_uniform([16, 1, 1, 1, 3], seed)
    loudness = tf.random.stateless_uniform([16, 1, 1], seed + 1)
    pictures = 0.3 * tf.random.stateless_uniform([16, 2, 24, 24, 3], seed + 2) + 0.7 * color
    sounds = 0.5 * tf.random.stateless_uniform([16, 32, 80], seed + 3) + loudness
    return {"narrow": pictures, "broad": {"audio": sounds}, "clip_id": 16 * step + tf.range(16, dtype=tf.int64)}


def train(steps, run=None):
    changes = [
        *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625"],
        *["model.hidden_size=32", "model.projection_size=16"],
    ]
    with seeded_initialisation(0):
        model = build(override(presets.get("tiny-va"), changes))
    model.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
    spreads = []
    log = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: spreads.append(min(v for k, v in logs.items() if "spread" in k))
    )
    callbacks = [log, HealthGuard(MonitorConfig(), run)]
    data = tf.data.Dataset.range(10**6).map(clips)
    model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=callbacks)
    return spreads


STEPS = 250


def test_with_predictor_and_stop_gradient_nothing_collapses():
    spreads = train(STEPS // 2)
    assert min(spreads) > 0.7


def test_without_stop_gradient_the_projections_collapse(monkeypatch, tmp_path):
    monkeypatch.setattr("brave_tf.losses.ops.stop_gradient", lambda tensor: tensor)
    with pytest.raises(UserError, match="the projections have collapsed"):
        train(STEPS, tmp_path)
    found = json.loads((tmp_path / "diagnosis.json").read_text())
    # The clips of the batch that the step was made with.
    assert found["clip_ids"] == list(range(16 * (found["step"] - 1), 16 * found["step"]))


def test_without_predictors_the_projections_collapse(monkeypatch):
    def call(self, features, training=False):
        z = self.projector(features, training=training)
        # The predictor stays part of the graph and adds nothing.
        return {"z": z, "h": z + 0.0 * self.predictor(z, training=training)}

    monkeypatch.setattr(Head, "call", call)
    with pytest.raises(UserError, match="the projections have collapsed"):
        train(STEPS)
