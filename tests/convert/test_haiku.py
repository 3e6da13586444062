"""Weights there and back, and trees that do not fit."""

import numpy as np
import pytest

from brave_tf.convert import from_haiku, to_haiku
from brave_tf.convert.haiku import flatten
from brave_tf.errors import UserError
from brave_tf.models import R3D, AudioResNet, Head, TSMResNet
from tests import released_trees
from tests.convert.trees import brave
from tests.reduced import one_unit


def shapes(tree):
    return {part: {name: list(array.shape) for name, array in flatten(tree[part]).items()} for part in tree}


def built_head():
    head = Head()
    head.build((None, 2048))
    return head


@pytest.mark.parametrize(
    ("make", "tree", "prefix"),
    [
        (lambda: TSMResNet(), "full_v_va_1x", "narrow_video_embedding/"),
        pytest.param(
            lambda: TSMResNet(width=2.0), "narrow_tsm_2x", "narrow_video_embedding/", marks=pytest.mark.thorough
        ),
        (lambda: AudioResNet(), "full_v_va_1x", "broad_audio_embedding/"),
        (built_head, "full_v_va_1x", "shared_project/"),
    ],
    ids=["tsm50", "tsm50x2", "audio", "head"],
)
def test_names_and_shapes_are_those_of_the_released_trees(make, tree, prefix):
    listed = released_trees.listing(tree)
    expected = {
        part: {name: shape for name, shape in arrays.items() if name.startswith(prefix)}
        for part, arrays in listed.items()
    }
    assert shapes(to_haiku(make())) == expected


SHARED = "model.heads=shared"
ONE_BACKBONE = ["model.share_backbone=true"]


@pytest.mark.parametrize(
    ("preset", "settings"),
    [
        ("tiny-va", []),
        ("tiny-va", [SHARED]),
        ("tiny-v", [SHARED]),
        ("tiny-v", []),
        ("tiny-fa", []),
        ("tiny-v", ONE_BACKBONE),
    ],
)
def test_round_trips_are_bit_exact(monkeypatch, preset, settings):
    one_unit(monkeypatch)
    model, other = brave(preset, *settings), brave(preset, *settings)
    for weight in other.weights:
        weight.assign(np.zeros(tuple(weight.shape)))
    from_haiku(other, **to_haiku(model))
    for weight, copy in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(np.array(weight), np.array(copy), err_msg=weight.path)
    for part, tree in to_haiku(other).items():
        for name, array in flatten(tree).items():
            np.testing.assert_array_equal(array, flatten(to_haiku(model)[part])[name], err_msg=name)


def test_a_moving_average_starts_from_the_weights_that_are_read():
    model = brave("tiny-va", "model.target_momentum=0.9")
    from_haiku(model, **to_haiku(brave("tiny-va")))
    for weight, follower in zip(model.towers.weights, model.target_towers.weights, strict=True):
        np.testing.assert_array_equal(np.array(weight), np.array(follower), err_msg=weight.path)


def test_every_problem_is_named_in_one_error_and_nothing_changes():
    model = brave().encoder
    before = [np.array(weight) for weight in model.weights]
    tree = to_haiku(brave().encoder)
    prefix = "narrow_video_embedding/TSMResNetV2"
    del tree["params"][f"{prefix}/tsm_resnet_unit_1/block_0/conv_1"]
    del tree["state"][f"{prefix}/batch_norm/~/var_ema"]["average"]
    tree["params"][f"{prefix}/tsm_resnet_stem"]["w"] = np.zeros([7, 7, 3, 5], np.float32)
    tree["params"][f"{prefix}/batch_norm"]["scale"] = np.full([1, 1, 1, 128], "one")
    tree["params"][f"{prefix}/mystery"] = {"w": np.zeros(1, np.float32)}
    with pytest.raises(UserError) as caught:
        from_haiku(model, **tree, source="file.npy")
    text = str(caught.value)
    assert text.startswith("file.npy does not hold the released arrays") and "\n" not in text
    assert "2 missing: " in text and "tsm_resnet_unit_1/block_0/conv_1/w" in text and "var_ema/average" in text
    assert "unexpected: " in text and "mystery/w" in text
    assert "tsm_resnet_stem/w is [7, 7, 3, 5], expected [7, 7, 3, 4]" in text
    assert "batch_norm/scale holds <U3, expected float32" in text
    for weight, old in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(np.array(weight), old)


@pytest.mark.parametrize("version", [1, 2])
def test_networks_that_were_not_released_are_refused(version):
    with pytest.raises(UserError, match="a R3D; expected a TSMResNet or an AudioResNet"):
        to_haiku(R3D(depth=14, width=0.0625, version=version))
