"""Released outputs, and frames to augment."""

import numpy as np
import pytest
import tensorflow as tf

from tests import golden_files


@pytest.fixture(scope="module")
def golden():
    return golden_files.load("views")


@pytest.fixture(scope="module")
def frames():
    return tf.constant(np.random.default_rng(0).integers(0, 256, (4, 3, 32, 40, 3)), tf.uint8)
