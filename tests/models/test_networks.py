"""Backbones and heads against the released modules, and their sizes against the paper."""

import keras
import numpy as np
import pytest

from brave_tf.convert import from_haiku
from brave_tf.convert import names as names_of
from brave_tf.convert.haiku import flatten
from brave_tf.convert.names import tower_arrays
from brave_tf.models import AudioResNet, Head, TSMResNet
from tests import golden_files, released_trees
from tests.models.transcribed import SOUND_SHAPES, VIDEO_SHAPES, name_of, sound, video


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


def filled(backbone, tree, prefix):
    from_haiku(backbone, **released_trees.filled(tree, prefix))
    return backbone


NARROW = "narrow_video_embedding/"
AUDIO = "broad_audio_embedding/"
HEAD = "shared_project/"


@pytest.fixture(scope="module")
def video_backbone():
    return filled(TSMResNet(), "full_v_va_1x", NARROW)


@pytest.mark.parametrize(
    ("name", "tree", "prefix"),
    [
        ("narrow_tsm_1x", "full_v_va_1x", NARROW),
        ("broad_audio_resnet50", "full_v_va_1x", AUDIO),
        ("shared_project_1x", "full_v_va_1x", HEAD),
    ],
)
def test_weights_of_the_goldens_are_rebuilt(golden, name, tree, prefix):
    for part in ("param", "state"):
        arrays = flatten(released_trees.filled(tree, prefix)["params" if part == "param" else "state"])
        sums = [arrays[full_name].astype(np.float64).sum() for full_name in sorted(arrays)]
        np.testing.assert_allclose(sums, golden[f"fingerprint/{name}/{part}_sum"], rtol=1e-6)


def test_first_values_of_the_stem_are_rebuilt(video_backbone, golden):
    stem = np.asarray(video_backbone.get_layer("stem").layer.kernel)
    np.testing.assert_allclose(stem.ravel()[:10], golden["fingerprint/stem_first10"], atol=1e-7)


@pytest.mark.parametrize("clip", ["a", "b"])
def test_video_backbone_equals_released_code(video_backbone, golden, clip):
    embedding = video_backbone(golden[f"tsm1x/video_{clip}"])
    np.testing.assert_allclose(embedding, golden[f"tsm1x/eval_embedding_{clip}"], atol=2e-5)


@pytest.fixture(scope="module")
def transcriptions():
    return golden_files.load("transcriptions")


def check_other_shapes(backbone, width, transcriptions):
    for shape in VIDEO_SHAPES:
        expected = transcriptions[name_of("tsm", width, shape)]
        np.testing.assert_allclose(backbone(video(shape)), expected, atol=2e-5, err_msg=str(shape))


def test_other_lengths_and_shapes_embed_as_transcribed(video_backbone, transcriptions):
    check_other_shapes(video_backbone, 1, transcriptions)


def test_endpoints_equal_those_of_the_released_code(video_backbone, golden):
    endpoints = dict(list(video_backbone.endpoints.items())[:-1])
    found = keras.Model(video_backbone.input, endpoints)(golden["tsm1x/video_a"])
    for name, values in found.items():
        released = {"last_conv": name, "stem": "tsm_resnet_stem"}.get(name, f"tsm_resnet_{name}")
        assert tuple(values.shape) == tuple(golden[f"tsm1x/eval_{released}_shape"])
        mean = golden[f"tsm1x/eval_{released}_spatial_mean"]
        np.testing.assert_allclose(np.mean(values, axis=(2, 3)), mean, atol=2e-5, err_msg=name)
        corner = golden[f"tsm1x/eval_{released}_corner"]
        np.testing.assert_allclose(np.asarray(values)[0, :, :2, :2, :8], corner, atol=2e-5, err_msg=name)


def test_video_backbone_in_training_equals_released_code(golden):
    backbone = filled(TSMResNet(), "full_v_va_1x", NARROW)
    before = {weight.path: np.array(weight) for weight in backbone.non_trainable_variables}
    embedding = backbone(golden["tsm1x/video_a"], training=True)
    np.testing.assert_allclose(embedding, golden["tsm1x/train_embedding_a"], atol=5e-4)
    names = {id(place.variable): name for name, place in tower_arrays(backbone, names_of.NARROW).items()}
    checked = 0
    for weight in backbone.non_trainable_variables:
        name = names[id(weight)]
        if f"tsm1x/train_newstate/{name}" in golden:
            module = name.rpartition("/")[0]
            average = released_trees.released_average(np.array(weight), before[weight.path], module)
            expected = golden[f"tsm1x/train_newstate/{name}"].ravel()
            np.testing.assert_allclose(average, expected, rtol=1e-4, atol=1e-5, err_msg=name)
            checked += 1
    assert checked == 6


@pytest.mark.thorough
def test_wide_video_backbone_equals_released_code_and_transcription(golden, transcriptions):
    backbone = filled(TSMResNet(width=2.0), "narrow_tsm_2x", NARROW)
    assert trainable_parameters(backbone) == 93_891_712
    embedding = backbone(golden["tsm2x/video_c"])
    np.testing.assert_allclose(embedding, golden["tsm2x/eval_embedding_c"], atol=2e-5)
    check_other_shapes(backbone, 2, transcriptions)


def test_audio_backbone_equals_released_code_and_transcription(golden, transcriptions):
    backbone = filled(AudioResNet(), "full_v_va_1x", AUDIO)
    np.testing.assert_allclose(backbone(golden["audio/spec_a"]), golden["audio/eval_embedding"], atol=5e-5)
    for shape in SOUND_SHAPES:
        expected = transcriptions[name_of("audio", shape)]
        np.testing.assert_allclose(backbone(sound(shape)), expected, atol=5e-5, err_msg=str(shape))
    in_training = backbone(golden["audio/spec_a"], training=True)
    np.testing.assert_allclose(in_training, golden["audio/train_embedding"], atol=1e-3)


def test_head_equals_released_code(golden):
    head = Head()
    head.build((None, 2048))
    filled(head, "full_v_va_1x", HEAD)
    last = list(head.projector.get_layer("norm_1").non_trainable_variables)
    before = [np.array(weight) for weight in last]
    for mode, training in (("eval", False), ("train", True)):
        outputs = head(golden["heads/feats"], training=training)
        np.testing.assert_allclose(outputs["z"], golden[f"heads/{mode}_z"], atol=5e-5)
        np.testing.assert_allclose(outputs["h"], golden[f"heads/{mode}_h"], atol=5e-5)
    for weight, old, kind in zip(last, before, ("mean_ema", "var_ema"), strict=True):
        name = f"shared_project/projector/batch_norm_1/~/{kind}"
        average = released_trees.released_average(np.array(weight), old, name)
        expected = golden[f"heads/train_newstate/{name}/average"].ravel()
        np.testing.assert_allclose(average, expected, rtol=1e-4, atol=1e-5)


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
