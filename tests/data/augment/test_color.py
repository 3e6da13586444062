"""Colour jitter against the released one, and against the road through HSV."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data.augment.color import jitter
from tests.data.augment.drawing import frames_of, planes_of


def test_color_jitter_equals_released_one(golden):
    inputs = planes_of(golden["aug/color/in"])
    jittered = jitter(inputs, *(tf.constant([amount]) for amount in (0.07, 1.3, 0.7, 0.1)))
    np.testing.assert_allclose(frames_of(jittered), golden["aug/color/5_clip"], atol=1e-5)


@pytest.mark.parametrize("brightness", [-0.4, 0.0, 0.4])
def test_color_jitter_equals_the_one_through_hsv_also_outside_the_unit_range(brightness):
    colors = np.random.default_rng(0).random((1, 40, 50, 3), np.float32)
    colors[0, :4] = [[[0.0] * 3], [[1.0] * 3], [[0.5] * 3], [[1.0, 0.0, 0.0]]]
    changed = tf.image.adjust_brightness(tf.constant(colors), brightness)
    for saturation, contrast, hue in ((1.4, 0.6, 0.13), (0.0, 1.0, -0.2), (3.0, 2.0, 0.5)):
        expected = tf.image.adjust_contrast(_scale_saturation(changed, saturation), contrast)
        expected = tf.clip_by_value(_turn_hue(expected, hue), 0.0, 1.0)
        amounts = (tf.constant([amount]) for amount in (brightness, saturation, contrast, hue))
        np.testing.assert_allclose(frames_of(jitter(planes_of(colors), *amounts)), expected, atol=2e-5)


def _scale_saturation(colors, factor):
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(colors), axis=-1)
    return tf.image.hsv_to_rgb(tf.stack([hue, tf.clip_by_value(saturation * factor, 0.0, 1.0), value], axis=-1))


def _turn_hue(colors, turns):
    hue, saturation, value = tf.unstack(tf.image.rgb_to_hsv(colors), axis=-1)
    return tf.image.hsv_to_rgb(tf.stack([tf.math.floormod(hue + turns, 1.0), saturation, value], axis=-1))


@pytest.mark.parametrize(
    ("step", "amounts"),
    [
        ("1_brightness_0.07", (0.07, 1.0, 1.0, 0.0)),
        ("2_saturation_1.3", (0.07, 1.3, 1.0, 0.0)),
        ("3_contrast_0.7", (0.07, 1.3, 0.7, 0.0)),
        ("4_hue_0.1", (0.07, 1.3, 0.7, 0.1)),
    ],
)
def test_each_step_of_color_jitter_equals_the_released_one(golden, step, amounts):
    jittered = jitter(planes_of(golden["aug/color/in"]), *(tf.constant([amount]) for amount in amounts))
    np.testing.assert_allclose(frames_of(jittered), np.clip(golden[f"aug/color/{step}"], 0, 1), atol=1e-5)
