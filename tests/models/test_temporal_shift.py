"""The temporal shift moves channels between frames, and puts them where the released code puts them."""

import numpy as np

from brave_tf.models.temporal_shift import temporal_shift
from tests import golden_files


def test_equals_released_code():
    golden = golden_files.load("shift")
    frames = golden["shift/x_batch_major"]
    clips = frames.reshape(2, 3, *frames.shape[1:])
    np.testing.assert_array_equal(temporal_shift(clips), golden["shift/gpu_out"].reshape(clips.shape))


def test_last_channels_come_from_the_next_frame_and_lead():
    clips = np.arange(3, dtype="float32").reshape(1, 3, 1, 1, 1) + np.arange(8, dtype="float32") * 10
    shifted = np.asarray(temporal_shift(clips))[0, :, 0, 0]
    np.testing.assert_array_equal(shifted[:, 0], [71, 72, 0])
    np.testing.assert_array_equal(shifted[:, 1:7], clips[0, :, 0, 0, 1:7])
    np.testing.assert_array_equal(shifted[:, 7], [0, 0, 1])


def test_too_few_channels_stay():
    clips = np.random.default_rng(0).random((1, 3, 2, 2, 7), dtype="float32")
    np.testing.assert_array_equal(temporal_shift(clips), clips)
