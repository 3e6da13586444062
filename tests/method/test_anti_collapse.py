"""VICReg and LeJEPA, against transcriptions of their formulas, at collapse, and over replicas."""

import cmath
import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.method.anti_collapse import directions, lejepa_losses, sketched_statistic, vicreg, vicreg_losses
from brave_tf.training.build import build
from tests.method.own_networks import arrays, compiled, make

LOSSES = {"vicreg": vicreg_losses, "lejepa": lambda outputs: lejepa_losses(outputs, 3)}


def outputs(narrow, broad):
    return {"narrow": {"imu": {"z": narrow}}, "broad": {"imu": {"z": broad}}}


def transcribed_vicreg(first, second):
    n, d = first.shape
    invariance = sum((first[b, j] - second[b, j]) ** 2 for b in range(n) for j in range(d)) / (n * d)
    variance = covariance = 0.0
    for view in (first, second):
        means = [sum(view[b, j] for b in range(n)) / n for j in range(d)]
        for i in range(d):
            for j in range(d):
                both = sum((view[b, i] - means[i]) * (view[b, j] - means[j]) for b in range(n)) / (n - 1)
                if i == j:
                    variance += max(0.0, 1.0 - math.sqrt(both + 1e-4)) / d
                else:
                    covariance += both**2 / d
    return 25 * invariance, 25 * variance, covariance


def transcribed_epps_pulley(samples):
    knots = [-5 + 10 * k / 16 for k in range(17)]

    def integrand(t):
        mean = sum(cmath.exp(1j * t * x) for x in samples) / len(samples)
        return abs(mean - math.exp(-(t**2) / 2)) ** 2 * math.exp(-(t**2) / 2)

    area = sum((integrand(a) + integrand(b)) / 2 * (b - a) for a, b in itertools.pairwise(knots))
    return len(samples) * area


def test_vicreg_is_the_published_formula():
    rng = np.random.default_rng(0)
    first, second = 0.7 * rng.normal(size=(2, 6, 4)) + 0.3
    found = [float(term) for term in vicreg(tf.constant(first), tf.constant(second))]
    np.testing.assert_allclose(found, transcribed_vicreg(first, second), rtol=1e-9)
    assert min(found) > 0


def test_vicreg_of_several_broad_views_is_the_mean_of_the_pairs():
    rng = np.random.default_rng(1)
    narrow, broad = rng.normal(size=(5, 4)), rng.normal(size=(5, 3, 4))
    loss, terms = vicreg_losses(outputs(tf.constant(narrow), tf.constant(broad)))
    wanted = np.mean([transcribed_vicreg(narrow, broad[:, k]) for k in range(3)], axis=0)
    np.testing.assert_allclose([float(each) for each in terms.values()], wanted, rtol=1e-9)
    assert float(loss) == pytest.approx(sum(wanted)) and list(terms) == [
        "invariance_imu",
        "variance_imu",
        "covariance_imu",
    ]


def test_the_sketched_statistic_is_the_published_formula():
    rng = np.random.default_rng(2)
    view, axes = 1.5 * rng.normal(size=(7, 4)) + 0.2, rng.normal(size=(4, 3))
    axes /= np.linalg.norm(axes, axis=0)
    wanted = np.mean([transcribed_epps_pulley(list(column)) for column in (view @ axes).T])
    assert float(sketched_statistic(tf.constant(view), tf.constant(axes))) == pytest.approx(wanted, rel=1e-6)


def test_lejepa_draws_every_view_to_their_mean_and_their_distribution_to_a_gaussian():
    rng = np.random.default_rng(3)
    narrow, broad = rng.normal(size=(6, 4)), rng.normal(size=(6, 2, 4))
    loss, terms = lejepa_losses(outputs(tf.constant(narrow), tf.constant(broad)), 3)
    views = [narrow, broad[:, 0], broad[:, 1]]
    mean = sum(views) / 3
    axes = directions(3, 4).numpy().astype("float64")
    sketch = np.mean([[transcribed_epps_pulley(list(each)) for each in (view @ axes[:, :]).T] for view in views])
    assert float(terms["invariance_imu"]) == pytest.approx(0.95 * np.mean([(mean - view) ** 2 for view in views]))
    assert float(terms["sketch_imu"]) == pytest.approx(0.05 * sketch, rel=1e-5)
    assert float(loss) == pytest.approx(sum(float(each) for each in terms.values()))


def test_directions_are_unit_vectors_new_at_every_step_and_compiled_alike():
    one, same, other = (directions(step, 8).numpy() for step in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    np.testing.assert_allclose(np.linalg.norm(one, axis=0), 1, rtol=1e-5)
    assert np.abs(one - other).max() > 0.1
    # No direction is preferred.
    np.testing.assert_allclose(one @ one.T * 8 / one.shape[1], np.eye(8), atol=0.35)
    compiled_too = tf.function(lambda step: directions(step, 8), jit_compile=True)(tf.constant(1))
    np.testing.assert_allclose(compiled_too, one, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_gradients_are_finite_where_all_projections_are_the_same(name, value):
    narrow, broad = tf.fill([5, 4], value), tf.fill([5, 2, 4], value)
    with tf.GradientTape() as tape:
        tape.watch([narrow, broad])
        loss, _ = LOSSES[name](outputs(narrow, broad))
    assert np.isfinite(loss) and loss > 0.1
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, [narrow, broad]))


@pytest.mark.parametrize("name", LOSSES)
def test_collapse_costs_more_than_spread_projections_that_agree(name):
    spread = tf.constant(np.random.default_rng(4).normal(size=(64, 4)))
    apart, _ = LOSSES[name](outputs(spread, spread[:, None]))
    together, _ = LOSSES[name](outputs(tf.zeros_like(spread), tf.zeros_like(spread)[:, None]))
    assert apart < 0.2 * together


@pytest.mark.parametrize("name", LOSSES)
def test_a_model_trains_without_predictor_and_is_saved(name, tmp_path):
    model = compiled(make(objective=name), optimizer=keras.optimizers.Adam(0.01))
    assert not model.predictor_variables and not [each.path for each in model.weights if "predictor" in each.path]
    losses = [model.train_on_batch(arrays(), return_dict=True) for _ in range(12)]
    assert losses[-1]["loss"] < losses[0]["loss"]
    assert losses[0]["invariance_imu"] > 0 and losses[0]["effective_rank_imu"] > 1 and "narrow_to_imu" not in losses[0]
    model.save(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").objective == name


@pytest.mark.thorough
@pytest.mark.parametrize("name", LOSSES)
def test_two_replicas_take_the_step_of_one(two_replicas, name):
    def step():
        model = compiled(make(objective=name), optimizer=keras.optimizers.SGD(0.1))
        found = {}
        keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: found.update(logs))
        data = tf.data.Dataset.from_tensor_slices(arrays()).batch(24, drop_remainder=True)
        model.fit(data, verbose=0, shuffle=False, callbacks=[keep])
        return found, [weight.numpy() for weight in model.trainable_variables]

    alone, weights = step()
    with two_replicas.scope():
        together, same = step()
    assert alone["loss"] == pytest.approx(together["loss"], rel=1e-4)
    for one, two in zip(weights, same, strict=True):
        np.testing.assert_allclose(one, two, atol=2e-5)


def test_what_belongs_to_the_regression_is_refused():
    with pytest.raises(UserError, match=r"micro_batches=2 with objective='vicreg'.*expected 1"):
        make(objective="vicreg", micro_batches=2)
    with pytest.raises(UserError, match=r"target_momentum=0.9 .* objective='lejepa'; expected neither"):
        make(objective="lejepa", target_momentum=0.9)
    with pytest.raises(UserError, match=r"objective='simclr'; expected one of: regression, vicreg, lejepa"):
        make(objective="simclr")
    for setting in ("micro_batches=2", "model.target_momentum=0.9", "model.loss_scale=released"):
        with pytest.raises(UserError, match=r"objective=vicreg.*expected"):
            override(presets.get("tiny-va"), ["model.objective=vicreg", setting])


def test_experiments_are_built_with_the_objective(one_unit):
    model = build(override(presets.get("tiny-va"), ["model.narrow.depth=14", "model.objective=lejepa"]))
    assert model.objective == "lejepa" and not model.predictor_variables
