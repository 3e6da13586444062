"""The stock-layer copy of a backbone equals it."""

import keras
import numpy as np
import pytest

from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.encoders.portable import to_stock_layers
from brave_tf.models import AudioResNet, TSMResNet


@pytest.fixture(params=["video", "audio"])
def backbone_and_inputs(request):
    generator = np.random.default_rng(0)
    with seeded_initialisation(0):
        if request.param == "video":
            backbone = TSMResNet(depth=14, width=0.25)
            inputs = generator.random((2, 5, 40, 36, 3), dtype="float32")
        else:
            backbone = AudioResNet(depth=14, width=0.25)
            inputs = generator.random((2, 50, 80), dtype="float32")
    for weight in backbone.weights:
        weight.assign(weight + 0.1 * generator.random(weight.shape))
    return backbone, inputs


def test_same_embedding_in_both_modes(backbone_and_inputs):
    backbone, inputs = backbone_and_inputs
    stock = to_stock_layers(backbone)
    # In training, the statistics of two clips amplify rounding.
    for training, tolerance in ((False, 1e-5), (True, 1e-4)):
        expected = backbone(inputs, training=training)
        np.testing.assert_allclose(stock(inputs, training=training), expected, atol=tolerance)


def test_only_stock_layers_are_left(backbone_and_inputs):
    stock = to_stock_layers(backbone_and_inputs[0])
    assert type(stock).__module__.startswith("keras.")
    assert {type(layer).__module__.split(".")[0] for layer in stock.layers} == {"keras"}


def test_unknown_inner_layers_are_refused():
    from brave_tf.models.framewise import Framewise

    inputs = keras.Input((None, 8, 8, 3))
    model = keras.Model(inputs, Framewise(keras.layers.DepthwiseConv2D(3))(inputs))
    with pytest.raises(TypeError, match="DepthwiseConv2D"):
        to_stock_layers(model)
