"""LARS and its schedule against the released optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.lars import LARS
from brave_tf.schedules import WarmupCosine
from tests import golden_files

RATES = {"const": lambda: 0.5, "cosine": lambda: WarmupCosine(0.5, 1, 4)}


@pytest.fixture(scope="module")
def golden():
    return golden_files.load("lars")


def as_here(name, value):
    return value[0] if "norm" in name else value


class Toy(keras.layers.Layer):
    """One variable per array of the toy tree, at the same path, and of the shape that networks here give it.

    The released trees hold scale and offset of batch norm as [1, C].
    """

    def __init__(self, golden):
        super().__init__(name="toy")
        self.names = [key.removeprefix("lars/init/") for key in golden if key.startswith("lars/init/")]
        self.arrays = [self._variable(name, golden[f"lars/init/{name}"]) for name in self.names]

    @staticmethod
    def _variable(name, value):
        variable = keras.Variable(as_here(name, value), name=name.rsplit("/", 1)[1])
        variable._path = name
        return variable


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("mask", ["paper_intent", "masks_flipped", "official"])
def test_steps_equal_released_optimizer(golden, mask, rate):
    toy = Toy(golden)
    optimizer = LARS(RATES[rate](), mask=mask)
    for step in range(3):
        gradients = [tf.constant(as_here(name, golden[f"lars/grad{step}/{name}"])) for name in toy.names]
        optimizer.apply(gradients, toy.arrays)
        for name, variable in zip(toy.names, toy.arrays, strict=True):
            expected = as_here(name, golden[f"lars/{rate}/{mask}/step{step + 1}/{name}"])
            np.testing.assert_allclose(variable.numpy(), expected, atol=2e-6, err_msg=name)


def test_variables_are_told_apart_by_their_real_paths():
    from brave_tf.method.brave import Brave

    model = Brave.from_preset("tiny-va")
    optimizer = LARS()
    optimizer.build(model.trainable_variables)
    kinds = {"kernel": False, "bias": True, "gamma": True, "beta": True}
    for variable, excluded in zip(model.trainable_variables, optimizer._is_bias_or_norm, strict=True):
        assert excluded == kinds[variable.path.rsplit("/", 1)[1]], variable.path
    predictors = [
        v.path for v, is_one in zip(model.trainable_variables, optimizer._is_predictor, strict=True) if is_one
    ]
    assert len(predictors) == 2 * 6


def test_config_round_trip_changes_nothing():
    optimizer = LARS(
        0.3, momentum=0.8, weight_decay=0.1, trust_coefficient=0.01, predictor_multiplier=3.0, mask="official"
    )
    restored = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    variables = [[keras.Variable([1.0, 2.0], name="predictor_bias")] for _ in range(2)]
    for pair, one in zip(variables, (optimizer, restored), strict=True):
        one.apply([tf.constant([0.5, -0.25])], pair)
    np.testing.assert_array_equal(variables[0][0].numpy(), variables[1][0].numpy())
    assert not np.array_equal(variables[0][0].numpy(), [1.0, 2.0])


def test_unknown_mask_is_refused():
    with pytest.raises(ValueError, match="paper_intent"):
        LARS(mask="paper")


@pytest.mark.parametrize(("name", "peak", "total"), [("300k_peak1.0", 1, 300_000), ("620k_peak1.0", 1, 620_000)])
def test_schedule_equals_released_one(golden, name, peak, total):
    schedule = WarmupCosine(peak, 5000, total)
    rates = [float(schedule(step)) for step in golden["schedule/steps"]]
    np.testing.assert_allclose(rates, golden[f"schedule/{name}"], atol=1e-6)


def test_schedule_without_warm_up_starts_at_the_peak():
    assert float(WarmupCosine(0.5, 0, 10)(0)) == pytest.approx(0.5)


def test_warm_up_longer_than_the_run_is_refused():
    with pytest.raises(ValueError, match="warmup_steps=20"):
        WarmupCosine(0.5, 20, 10)
