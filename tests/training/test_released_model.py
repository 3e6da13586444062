"""The whole released model, V <-> V and A with one shared head, against one training step of the released code."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AudioViewConfig, BroadConfig, Config, ModelConfig, VideoViewConfig
from brave_tf.convert import from_haiku
from brave_tf.convert.names import model_arrays
from brave_tf.models import batch_norm
from brave_tf.training.build import build
from tests import golden_files, released_trees

TERMS = {
    "rgb_to_narrow": "loss_b_to_n_1",
    "audio_to_narrow": "loss_b_to_n_2",
    "narrow_to_rgb": "loss_n_to_b_1",
    "narrow_to_audio": "loss_n_to_b_2",
}


@pytest.fixture(scope="module")
def step():
    """A model, its loss terms, its gradients and its batch statistics in one step on the golden views."""
    golden = golden_files.load("full")
    config = Config(
        name="released",
        narrow=VideoViewConfig(frames=4, size=32),
        broad=BroadConfig(rgb=VideoViewConfig(frames=4, size=32), audio=AudioViewConfig()),
        model=ModelConfig(heads="shared", loss_scale="released"),
    )
    model = build(config)
    tree = released_trees.filled("full_v_va_1x")
    dead = [module for module in tree["params"] if module.startswith("shared_project_")]
    assert len(dead) == 3 * 7
    for part in tree.values():
        for module in [m for m in part if m.startswith("shared_project_")]:
            del part[module]
    from_haiku(model, **tree)
    views = {
        "narrow": tf.constant(golden["full/narrow_video"]),
        "broad": {
            "rgb": tf.constant(golden["full/broad_video"])[:, None],
            "audio": tf.constant(golden["full/broad_audio"]),
        },
    }
    with pytest.MonkeyPatch.context() as patch, tf.GradientTape() as tape:
        # The released batch norm computes variances as E[x^2] - E[x]^2, whose rounding makes up to 5 % of some of these
        # gradients; Keras' own does the same. Ours is close to what float64 gives.
        patch.setattr(batch_norm, "_fused_kernel_is_exact", lambda inputs: False)
        patch.setattr(batch_norm.SyncBatchNormalization, "_moments", keras.layers.BatchNormalization._moments)
        loss, metrics = model.loss_and_means(model(views, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    names = {id(place.variable): name for name, place in model_arrays(model).items()}
    by_name = {
        names[id(variable)]: gradient.numpy()
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
    }
    return golden, model, metrics, by_name


def test_loss_terms_equal_the_released_ones(step):
    golden, _, metrics, _ = step
    assert float(metrics["loss"]) == pytest.approx(float(golden["full/loss"]), abs=2e-4)
    for ours, released in TERMS.items():
        assert float(metrics[ours]) == pytest.approx(float(golden[f"full/{released}"]), abs=2e-4), ours


def test_gradients_equal_the_released_ones(step):
    golden, _, _, gradients = step
    for key in golden:
        if key.startswith("full/grad/"):
            found, expected = gradients[key.removeprefix("full/grad/")], golden[key]
            # Batch norm of four clips amplifies rounding, most of all on the longest way back, to the first layer. Some
            # are mathematically zero, and hold rounding of 1e-9.
            difference = found.ravel() - expected.ravel()
            assert np.linalg.norm(difference) <= max(0.03 * np.linalg.norm(expected), 1e-7), key
            assert np.abs(difference).max() <= max(0.05 * np.abs(expected).max(), 1e-7), key


def test_sizes_of_all_gradients_equal_the_released_ones(step):
    golden, _, _, gradients = step
    norms = dict(zip(golden["full/grad_names"].tolist(), golden["full/grad_l2_norms_sorted_by_name"], strict=True))
    dead = {name for name in norms if name.startswith("shared_project_")}
    assert len(dead) == 42 and all(norms[name] == 0 for name in dead)
    assert gradients.keys() == norms.keys() - dead
    for name, gradient in gradients.items():
        # Batch norm of four clips amplifies rounding; biases before a batch norm have no gradient but rounding.
        assert np.linalg.norm(gradient) == pytest.approx(norms[name], rel=0.03, abs=1e-5), name


def test_a_shared_head_counts_every_application(step):
    golden, model, _, _ = step
    norm = next(iter(model.towers.narrow_heads.values())).projector.get_layer("norm_1")
    module = "shared_project/projector/batch_norm_1/~/mean_ema"
    # Keras' average after four updates, rewritten as the released one, which starts at ten updates.
    moving, start = np.array(norm.moving_mean), released_trees.fill(f"{module}/average", (128,))
    sums = moving - 0.9**4 * start
    average = (0.9**4 * released_trees.fill(f"{module}/hidden", (128,)) + sums) / (1 - 0.9**14)
    np.testing.assert_allclose(average, golden[f"full/newstate/{module}/average"].ravel(), atol=1e-4)
    assert int(golden[f"full/newstate/{module}/counter"]) == 14
