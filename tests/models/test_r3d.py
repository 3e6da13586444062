"""The layout of R3D; `test_r3d_transcription` holds its numbers."""

import keras
import numpy as np
import pytest

from brave_tf.models import R3D

CLIP = np.random.default_rng(1).random((2, 5, 38, 45, 3), dtype=np.float32)


def test_kernels_reach_over_three_frames_in_the_last_two_units_only():
    model = R3D(depth=14, width=0.125)
    kernels = {weight.path.split("/")[-2]: tuple(weight.shape) for weight in model.weights if "conv_0" in weight.path}
    assert [len(kernels[f"unit_{unit}_block_0_conv_0"]) for unit in range(4)] == [4, 4, 5, 5]
    assert kernels["unit_2_block_0_conv_0"][0] == kernels["unit_3_block_0_conv_0"][0] == 3


def test_endpoints_keep_all_frames():
    model = R3D(depth=14, width=0.125)
    found = keras.Model(model.input, model.endpoints)(CLIP)
    assert list(model.endpoints) == ["stem", "unit_0", "unit_1", "unit_2", "unit_3", "last_conv", "embedding"]
    assert found["stem"].shape == (2, 5, 10, 12, 8) and found["last_conv"].shape == (2, 5, 2, 2, 256)


@pytest.mark.parametrize("options", [{"depth": 18}, {"version": 3}, {"stem": "fast"}])
def test_unknown_layouts_are_errors(options):
    with pytest.raises(ValueError, match="expected"):
        R3D(**options)
