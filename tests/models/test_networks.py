"""Backbones and heads against the released modules, and their sizes against the paper."""

import keras
import numpy as np
import pytest

from brave_tf.models import AudioResNet, Head, TSMResNet
from tests import golden_files
from tests.models.haiku_fill import AUDIO_LAYOUT, TSM_LAYOUT, fill, fill_backbone


@pytest.fixture(scope="module")
def golden():
    return golden_files.load("networks")


def trainable_parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (lambda: TSMResNet(), 23_500_352),
        (lambda: TSMResNet(channels=2), 23_497_216),
        (lambda: AudioResNet(), 23_494_080),
    ],
    ids=["tsm50", "tsm50-flow", "audio-resnet50"],
)
def test_parameter_counts(network, parameters):
    assert trainable_parameters(network()) == parameters


def test_head_parameter_count():
    head = Head()
    head.build((None, 2048))
    assert trainable_parameters(head) == 9_986_560


@pytest.mark.slow
def test_video_backbone_equals_released_code(golden):
    backbone = TSMResNet(width=2.0)
    assert trainable_parameters(backbone) == 93_891_712
    fill_backbone(backbone, *TSM_LAYOUT)
    embedding = backbone(golden["tsm2x/video_c"])
    np.testing.assert_allclose(embedding, golden["tsm2x/eval_embedding_c"], atol=2e-5)


def test_audio_backbone_equals_released_code(golden):
    backbone = AudioResNet()
    fill_backbone(backbone, *AUDIO_LAYOUT)
    np.testing.assert_allclose(backbone(golden["audio/spec_a"]), golden["audio/eval_embedding"], atol=5e-5)


HEAD_NAMES = {"norm_0": "batch_norm", "norm_1": "batch_norm_1", "linear_0": "linear", "linear_1": "linear_1"}
WEIGHT_NAMES = {
    "kernel": "w",
    "bias": "b",
    "gamma": "scale",
    "beta": "offset",
    "moving_mean": "~/mean_ema/average",
    "moving_variance": "~/var_ema/average",
}


def test_head_equals_released_code(golden):
    head = Head()
    head.build((None, 2048))
    for weight in head.weights:
        part, layer, kind = weight.path.split("/")[-3:]
        name = WEIGHT_NAMES[kind]
        full = f"shared_project/{part}/{HEAD_NAMES[layer]}/{name}"
        weight.assign(fill(full, tuple(weight.shape)))
    for mode, training in (("eval", False), ("train", True)):
        outputs = head(golden["heads/feats"], training=training)
        np.testing.assert_allclose(outputs["z"], golden[f"heads/{mode}_z"], atol=5e-5)
        np.testing.assert_allclose(outputs["h"], golden[f"heads/{mode}_h"], atol=5e-5)


def test_initial_kernels_are_cut_at_two_deviations():
    kernel = np.asarray(TSMResNet(depth=14).get_layer("unit_1_block_0_conv_1").layer.kernel)
    deviation = 1 / np.sqrt(np.prod(kernel.shape[:-1]))
    assert np.abs(kernel).max() <= 2 * deviation + 1e-6
    assert kernel.std() == pytest.approx(0.8796 * deviation, rel=0.01)


@pytest.mark.parametrize("depth", [13, 0])
def test_unknown_depth_is_an_error_that_lists_the_known_ones(depth):
    with pytest.raises(ValueError, match=f"depth={depth}.*14, 26, 50"):
        TSMResNet(depth=depth)


def test_endpoints_come_in_order_and_shrink():
    backbone = TSMResNet(depth=14, width=0.25)
    model = keras.Model(backbone.input, backbone.endpoints)
    shapes = {name: tuple(value.shape) for name, value in model(np.zeros([1, 2, 64, 48, 3], "float32")).items()}
    assert list(backbone.endpoints) == ["stem", "unit_0", "unit_1", "unit_2", "unit_3", "last_conv", "embedding"]
    assert shapes["stem"] == (1, 2, 16, 12, 16)
    assert shapes["unit_3"] == (1, 2, 2, 2, 512)
    assert shapes["embedding"] == (1, 512)
