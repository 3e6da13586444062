"""Grey against the released one."""

import numpy as np

from brave_tf.data.augment.grayscale import grayscale
from tests.data.augment.drawing import frames_of, planes_of


def test_grayscale_equals_released_one(golden):
    grey = frames_of(grayscale(planes_of(golden["aug/color/in"])))
    np.testing.assert_allclose(grey, golden["aug/color/grayscale"], atol=1e-6)
