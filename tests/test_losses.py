"""The objective against NumPy loops over the paper's equations, and against the released loss."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.losses import distance, view_losses
from tests import golden_files

BATCH, VIEWS, SIZE = 6, 3, 16
EXPERIMENTS = {
    "v-vvv": (("rgb",), 3),
    "v-f": (("flow",), 1),
    "v-fff": (("flow",), 3),
    "v-a": (("audio",), 1),
    "v-fa": (("flow", "audio"), 1),
}


def random_outputs(seed=0, modalities=("rgb", "audio"), views=VIEWS):
    generator = np.random.default_rng(seed)

    def draw(*shape):
        return tf.constant(generator.normal(size=shape).astype("float32"))

    narrow = {m: {"z": draw(BATCH, SIZE), "h": draw(BATCH, SIZE)} for m in modalities}
    broad = {m: {"z": draw(BATCH, views, SIZE), "h": draw(BATCH, views, SIZE)} for m in modalities}
    return {"narrow": narrow, "broad": broad}


def equations(outputs):
    """Equations (1) to (5) of the paper, in loops."""
    terms = {}
    for modality, broad in outputs["broad"].items():
        z_n, h_n = (np.asarray(outputs["narrow"][modality][name]) for name in "zh")
        z_b, h_b = (np.asarray(broad[name]) for name in "zh")
        forward, backward = [], []
        for clip in range(BATCH):
            views = z_b.shape[1]
            target = sum(z_b[clip, k] for k in range(views)) / views
            difference = h_n[clip] / np.linalg.norm(h_n[clip]) - target / np.linalg.norm(target)
            forward.append(np.sum(difference**2))
            per_view = []
            for k in range(views):
                prediction = h_b[clip, k] / np.linalg.norm(h_b[clip, k])
                per_view.append(np.sum((prediction - z_n[clip] / np.linalg.norm(z_n[clip])) ** 2))
            backward.append(sum(per_view) / views)
        terms[f"narrow_to_{modality}"] = np.mean(forward)
        terms[f"{modality}_to_narrow"] = np.mean(backward)
    return terms


@pytest.mark.parametrize(("modalities", "views"), EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_terms_equal_the_equations(modalities, views):
    outputs = random_outputs(modalities=modalities, views=views)
    loss, terms = view_losses(outputs)
    expected = equations(outputs)
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        assert float(terms[name]) == pytest.approx(value, abs=1e-5)
    assert float(loss) == pytest.approx(sum(expected.values()), abs=1e-5)


@pytest.mark.parametrize(("modalities", "ratio"), [(("rgb",), 4), (("rgb", "audio"), 8)])
def test_released_scale(modalities, ratio):
    outputs = random_outputs(modalities=modalities)
    assert float(view_losses(outputs, "released")[0]) == pytest.approx(float(view_losses(outputs)[0]) / ratio)


@pytest.mark.parametrize(("modalities", "views"), EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_targets_get_no_gradient_and_predictions_do(modalities, views):
    outputs = random_outputs(modalities=modalities, views=views)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        loss, _ = view_losses(outputs)
    gradients = tape.gradient(loss, outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    for side in gradients.values():
        for gradient in side.values():
            assert not np.any(gradient["z"])
            assert np.all(np.abs(gradient["h"]).max(axis=-1) > 0)


def test_other_targets_take_the_place_of_the_projections():
    outputs, others = random_outputs(seed=0), random_outputs(seed=1)
    _, terms = view_losses(outputs, targets=others)
    for side, modalities in outputs.items():
        for modality, views in modalities.items():
            others[side][modality]["h"] = views["h"]
    for name, value in equations(others).items():
        assert float(terms[name]) == pytest.approx(value, abs=1e-5)


def test_distance_equals_released_regression_loss():
    golden = golden_files.load("loss")
    target = tf.constant(golden["loss/y"])
    rows = 0.5 * distance(tf.constant(golden["loss/x"]), target)
    np.testing.assert_allclose(rows, golden["loss/regression_per_row"], atol=1e-6)
    for inputs, gradient in (("x", "grad_x"), ("x_with_zero_row", "grad_x_with_zero_row")):
        x = tf.constant(golden[f"loss/{inputs}"])
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(0.5 * distance(x, target))
        np.testing.assert_allclose(tape.gradient(loss, x), golden[f"loss/{gradient}"], rtol=1e-5, atol=1e-6)
