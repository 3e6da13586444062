"""Gaussian blur against the released one."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data.augment.blur import blur, blur_by_shifts
from tests.data.augment.drawing import frames_of, planes_of


@pytest.mark.parametrize("form", [blur, blur_by_shifts])
@pytest.mark.parametrize("parameter", [22, 11])
@pytest.mark.parametrize("sigma", [0.4, 1.3, 2.0])
def test_blur_equals_released_one(golden, parameter, sigma, form):
    blurred = form(planes_of(golden["aug/frames"]), tf.constant([sigma]), parameter)
    np.testing.assert_allclose(frames_of(blurred), golden[f"aug/blur_k{parameter}_s{sigma}"], atol=1e-6)
