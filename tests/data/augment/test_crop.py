"""Crop windows against the released ones."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.crop import centered_window, crop_window
from tests.data.augment.drawing import seed_of


def test_crop_windows_are_spread_like_the_released_ones(golden):
    draw = tf.function(lambda seed: crop_window(seed, tf.constant(256), tf.constant(340), AugmentConfig()))
    seeds = tf.stack([tf.fill([4000], 7), tf.range(4000)], axis=1)
    windows = tf.function(lambda: tf.map_fn(draw, tf.cast(seeds, tf.int64), fn_output_signature=tf.int32))().numpy()
    places = [0.1, 0.25, 0.5, 0.75, 0.9]
    areas = np.quantile(windows[:, 2] * windows[:, 3] / (256 * 340), places)
    np.testing.assert_allclose(areas, golden["crop/stats_area_quantiles"][1:-1], atol=0.02)
    aspects = np.quantile(windows[:, 3] / windows[:, 2], places)
    np.testing.assert_allclose(aspects, golden["crop/stats_aspect_quantiles"][1:-1], atol=0.02)
    assert (windows[:, 0] + windows[:, 2]).max() <= 256 and (windows[:, 1] + windows[:, 3]).max() <= 340


def test_small_crops_are_drawn_when_asked_for():
    small = AugmentConfig(crop_area=(0.05, 0.1), crop_aspect=(1.0, 1.0))
    windows = np.stack(
        [crop_window(seed_of(number), tf.constant(200), tf.constant(200), small) for number in range(50)]
    )
    areas = windows[:, 2] * windows[:, 3] / 200**2
    assert areas.min() > 0.04 and areas.max() < 0.11 and len(np.unique(windows[:, 0])) > 20


def test_centred_windows_equal_the_released_ones(golden):
    # The last one is an image of 33 pixels, of which the released code keeps one.
    for (height, width), window in zip(golden["crop/center_in"][:-1], golden["crop/center_pad16"], strict=False):
        np.testing.assert_array_equal(centered_window(tf.constant(height), tf.constant(width), 16), window)
    assert tuple(centered_window(tf.constant(33), tf.constant(33), 16).numpy()) == (8, 8, 17, 17)


@pytest.mark.parametrize(
    ("size", "window"),
    [((224, 300), (16, 54, 192, 192)), ((300, 224), (54, 16, 192, 192)), ((40, 40), (10, 10, 20, 20))],
)
def test_whole_images_become_the_centred_window(size, window):
    whole = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=(size[1] / size[0],) * 2)
    assert tuple(crop_window(seed_of(0), tf.constant(size[0]), tf.constant(size[1]), whole).numpy()) == window
