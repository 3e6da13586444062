"""The crop without TensorFlow is the one with it."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data import sampling
from brave_tf.data.evaluation_frames import crop, resize_shorter_side
from brave_tf.embedding.frame_crop import FrameCrop


@pytest.mark.parametrize("size", [(256, 340), (120, 90), (73, 73), (100, 73), (288, 360), (17, 301)], ids=str)
@pytest.mark.parametrize(("side", "square"), [(73, 64), (64, 64), (256, 224)])
def test_the_same_pixels_as_in_evaluation(size, side, square):
    frame = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    whole = resize_shorter_side(frame[None], side)
    corner = sampling.crop_corners(tf.shape(whole)[1], tf.shape(whole)[2], square, 1)[0]
    expected = crop(whole, corner[0], corner[1], square)[0].numpy()
    cropped = FrameCrop(side, square)(frame)
    assert cropped.dtype == np.uint8 and cropped.shape == (square, square, 3)
    difference = np.abs(cropped.astype(int) - expected)
    # What falls on a whole number may be rounded to either side of it.
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
