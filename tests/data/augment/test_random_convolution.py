"""Random convolution against the released one, and its kernels."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data import augment
from brave_tf.data.augment.random_convolution import LARGEST, convolve, draw_kernel
from tests.data.augment.drawing import EVERYTHING, seed_of

UNKNOWN_BATCH = [tf.TensorSpec([None, LARGEST, LARGEST, 3, 3]), tf.TensorSpec([None], tf.bool)]


@pytest.mark.parametrize("size", [1, 5, 11])
def test_random_convolution_equals_released_one(golden, size):
    margin = (LARGEST - size) // 2
    kernel = np.pad(golden[f"aug/randconv/w{size}"], [(margin, margin)] * 2 + [(0, 0)] * 2)
    inputs = np.stack([golden["aug/randconv/in"]] * 2)
    chosen = tf.constant([True, False])
    convolved = convolve(tf.constant(inputs), tf.constant([kernel] * 2), chosen)
    np.testing.assert_allclose(convolved[0], golden[f"aug/randconv/out{size}"], atol=1e-5)
    np.testing.assert_array_equal(convolved[1], inputs[1])


def test_every_view_has_its_own_kernel_and_small_kernels_give_what_they_give_alone():
    kernels = [draw_kernel(seed_of(number)) for number in range(6)]
    views = tf.random.stateless_normal([6, 2, 16, 12, 3], [0, 1])
    run = tf.function(convolve, input_signature=[tf.TensorSpec([None, 2, 16, 12, 3]), *UNKNOWN_BATCH])
    convolved = run(views, tf.stack([kernel for _, kernel in kernels]), tf.constant([True] * 6))
    for view, (size, kernel), result in zip(views, kernels, convolved, strict=True):
        margin = (LARGEST - int(size)) // 2
        alone = tf.nn.conv2d(view, kernel[margin : LARGEST - margin, margin : LARGEST - margin], 1, "SAME")
        np.testing.assert_allclose(result, alone, atol=1e-5)


def test_kernels_are_he_normal():
    draw = tf.function(lambda seed: augment.sample(seed, EVERYTHING))
    kernels = [draw(seed_of(number)) for number in range(400)]
    chosen = np.stack([k["kernel"].numpy()[3:8, 3:8] for k in kernels if int(k["kernel_size"]) == 5])
    assert chosen.std() == pytest.approx(np.sqrt(2 / 75), rel=0.03)
    eleven = next(k for k in kernels if int(k["kernel_size"]) == 5)["kernel"].numpy()
    assert np.all(eleven[:3] == 0) and np.all(eleven[:, 8:] == 0)
