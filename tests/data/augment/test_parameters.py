"""Parameters follow from their seed alone, however they are computed."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.data import augment
from tests.data.augment.drawing import EVERYTHING, NOTHING, seed_of


def test_parameters_follow_from_the_seed():
    first, again, other = (augment.sample(seed_of(number), EVERYTHING) for number in (1, 1, 2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert float(first["hue"]) != float(other["hue"])
    assert not np.array_equal(first["kernel"], other["kernel"])


def test_parameters_are_the_same_eager_in_graphs_and_compiled():
    graph = tf.function(augment.sample)
    compiled = tf.function(augment.sample, jit_compile=True)
    for number in range(100):
        eager = augment.sample(seed_of(number), EVERYTHING)
        for drawn in (graph(seed_of(number), EVERYTHING), compiled(seed_of(number), EVERYTHING)):
            for name, value in eager.items():
                np.testing.assert_array_equal(value, drawn[name], err_msg=name)


def test_probabilities_and_ranges_are_kept():
    draw = tf.function(lambda seed: augment.sample(seed, EVERYTHING))
    drawn = [draw(seed_of(number)) for number in range(300)]
    for name in ("flip", "blur", "color", "grayscale", "random_convolution"):
        assert np.mean([bool(parameters[name]) for parameters in drawn]) == pytest.approx(0.5, abs=0.1)
    hues = [float(parameters["hue"]) for parameters in drawn]
    assert -0.2 <= min(hues) < -0.15 and 0.15 < max(hues) <= 0.2
    assert {int(parameters["kernel_size"]) for parameters in drawn} == {1, 3, 5, 7, 9, 11}


def test_describe_names_what_happens():
    parameters = {**augment.sample(seed_of(0), EVERYTHING), "flip": True, "blur": False, "grayscale": True}
    assert augment.describe(parameters).startswith("flipped") and "grey" in augment.describe(parameters)
    nothing = augment.sample(seed_of(0), NOTHING)
    assert augment.describe(nothing) == "unchanged"
