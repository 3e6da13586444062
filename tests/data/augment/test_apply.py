"""All steps together: an effect each, one for all frames, the same on the host and on the device."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import FLOW_AUGMENT, AugmentConfig
from brave_tf.data import augment
from tests.data.augment.drawing import EVERYTHING, NOTHING, batch_of


@pytest.mark.parametrize(
    "change",
    [
        {"flip": 1.0},
        {"blur": 1.0, "blur_sigma": (1.0, 1.0)},
        {"color": 1.0},
        {"grayscale": 1.0},
        {"random_convolution": 1.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_step_has_an_effect_that_is_the_same_for_all_frames(frames, change):
    config = AugmentConfig(**{"flip": 0.0, "blur": 0.0, "color": 0.0, "grayscale": 0.0, **change})
    _, parameters = batch_of(1, config)
    still = tf.repeat(frames[:1, :1], 3, axis=1)
    changed = augment.apply(still, parameters, config).numpy()
    untouched = augment.apply(still, parameters, NOTHING).numpy()
    assert np.abs(changed - untouched).mean() > 0.01
    np.testing.assert_array_equal(changed[:, 0], changed[:, 2])


def test_no_augmentation_only_scales(frames):
    _, parameters = batch_of(4, NOTHING)
    np.testing.assert_allclose(augment.apply(frames, parameters, NOTHING), frames.numpy() / 255, atol=1e-6)


def test_host_and_device_give_the_same_views(frames):
    drawn, parameters = batch_of(4, EVERYTHING)
    on_device = augment.apply(frames, parameters, EVERYTHING)
    on_host = tf.stack([augment.apply_one(frames[i], drawn[i], EVERYTHING) for i in range(4)])
    np.testing.assert_allclose(on_host, on_device, atol=1e-5)


def test_pixels_are_the_same_eager_in_graphs_and_compiled(frames):
    _, parameters = batch_of(4, EVERYTHING)
    expected = augment.apply(frames, parameters, EVERYTHING).numpy()
    for compile_it in (False, True):
        run = tf.function(lambda f, p: augment.apply(f, p, EVERYTHING), jit_compile=compile_it)
        np.testing.assert_allclose(run(frames, parameters), expected, atol=2e-5)


def test_flow_is_flipped_and_scaled_to_its_limit_and_nothing_else():
    stored = tf.constant(np.random.default_rng(1).integers(1, 256, (4, 3, 8, 10, 2)), tf.uint8)
    _, parameters = batch_of(4, FLOW_AUGMENT)
    parameters["flip"] = tf.constant([True, False, True, False])
    flow = augment.apply_to("flow", stored, parameters, FLOW_AUGMENT).numpy()
    expected = (stored.numpy().astype("float32") - 128) / 127
    np.testing.assert_allclose(flow[1], expected[1], atol=1e-6)
    np.testing.assert_allclose(flow[0], expected[0, :, :, ::-1] * [-1, 1], atol=1e-6)
    assert flow.min() == -1 and flow.max() == 1
