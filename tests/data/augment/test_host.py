"""One view on the host against the same view on the device, step by step."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import FLOW_AUGMENT, AugmentConfig
from brave_tf.data import augment
from brave_tf.data.augment.host import convolve_one
from brave_tf.data.augment.random_convolution import LARGEST, SIZES
from tests.data.augment.drawing import batch_of, seed_of


@pytest.mark.parametrize("name", ["nothing", "flip", "blur", "color", "grayscale", "random_convolution", "everything"])
def test_the_host_gives_the_views_of_the_device_whatever_is_drawn(frames, name):
    config = AugmentConfig(flip=0.5, blur=0.5, color=0.5, grayscale=0.5, random_convolution=0.5, blur_sigma=(1.0, 1.0))
    (drawn,), _ = batch_of(1, config)
    names = ("flip", "blur", "color", "grayscale", "random_convolution")
    drawn |= {each: tf.constant(name in (each, "everything")) for each in names}
    on_host = tf.function(lambda view: augment.apply_on_host(view, drawn, config))(frames[0])
    np.testing.assert_allclose(on_host, augment.apply_one(frames[0], drawn, config), atol=1e-5)


@pytest.mark.parametrize("width", [20, 23])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_of_random_convolution_is_the_same_on_the_host(size, width):
    pictures = tf.constant(np.random.default_rng(0).random((2, 9, width, 3)), tf.float32)
    inside = slice((LARGEST - size) // 2, (LARGEST + size) // 2)
    kernel = np.zeros((LARGEST, LARGEST, 3, 3), np.float32)
    kernel[inside, inside] = np.random.default_rng(1).normal(size=(size, size, 3, 3))
    for chosen in (True, False):
        expected = tf.nn.conv2d(pictures, kernel[inside, inside], 1, "SAME") if chosen else pictures
        filtered = convolve_one(pictures, tf.constant(kernel), tf.constant(size), tf.constant(chosen))
        np.testing.assert_allclose(filtered, expected, atol=1e-4)


def test_flow_is_the_same_on_the_host():
    stored = tf.constant(np.random.default_rng(1).integers(1, 256, (3, 8, 10, 2)), tf.uint8)
    for number in range(4):
        drawn = augment.sample(seed_of(number), FLOW_AUGMENT)
        on_host = augment.apply_on_host(stored, drawn, FLOW_AUGMENT, "flow")
        np.testing.assert_allclose(on_host, augment.apply_one(stored, drawn, FLOW_AUGMENT, "flow"), atol=1e-6)
