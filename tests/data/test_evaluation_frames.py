"""Resizing and cropping of evaluation-time frames, and of stored JPEGs."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data.evaluation_frames import center_crop, resize_shorter_side
from tests import golden_files


@pytest.fixture(scope="module")
def golden():
    return golden_files.load("views")


def test_shorter_side_is_resized_like_the_released_one(golden):
    resized = resize_shorter_side(tf.constant(golden["resize_min/in"]), 16).numpy()
    differences = np.abs(resized.astype(int) - golden["resize_min/out_16"].astype(int))
    assert differences.max() <= 1 and np.mean(differences > 0) <= 0.002


def test_frames_of_the_right_size_are_left_alone():
    frames = tf.constant(np.random.default_rng(0).integers(0, 256, (2, 16, 20, 3)), tf.uint8)
    np.testing.assert_array_equal(resize_shorter_side(frames, 16), frames)


def test_center_crop_takes_the_middle():
    frames = tf.range(1 * 5 * 7 * 3)
    cropped = center_crop(tf.reshape(frames, [1, 5, 7, 3]), 3)
    np.testing.assert_array_equal(cropped, tf.reshape(frames, [1, 5, 7, 3])[:, 1:4, 2:5])


@pytest.mark.parametrize("size", [16, 48])
def test_cropped_jpegs_are_decoded_and_resized_like_the_released_ones(golden, size):
    window = tf.constant(golden["crop/window_y_x_h_w"])
    decoded = tf.image.decode_and_crop_jpeg(golden["crop/jpeg_bytes"].tobytes(), window, channels=3)
    np.testing.assert_array_equal(decoded, golden["crop/decoded_crop_uint8"])
    np.testing.assert_allclose(tf.image.resize(decoded, (size, size)), golden[f"crop/resized_{size}x{size}"], atol=1e-3)
