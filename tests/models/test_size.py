"""Sizes by arithmetic against the published ones, real networks, and TensorFlow's own profiler."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import BackboneConfig
from brave_tf.config.values import override
from brave_tf.models import R3D, AudioResNet, Head, TSMResNet
from brave_tf.models.size import backbone_size, experiment_sizes, head_size
from brave_tf.training.build import build
from tests import released_trees

CLIP = (16, 224, 224)


@pytest.mark.parametrize(
    ("backbone", "options", "parameters"),
    [
        (BackboneConfig(), {}, 23_500_352),
        (BackboneConfig(width=2.0), {}, 93_891_712),
        (BackboneConfig(), {"channels": 1}, 23_494_080),
        (BackboneConfig(), {"channels": 2}, 23_497_216),
        (BackboneConfig(network="r3d"), {}, 31_634_496),
        (BackboneConfig(network="r3d"), {"version": 2}, 31_626_816),
        (BackboneConfig(network="r3d"), {"stem": "cvrl"}, 31_672_128),
    ],
    ids=["tsm50", "tsm50x2", "audio", "flow", "r3d50", "r3d50-v2", "r3d50-cvrl"],
)
def test_backbones_have_their_published_sizes(backbone, options, parameters):
    assert backbone_size(backbone, CLIP, **options).parameters == parameters


def test_heads_have_their_published_sizes():
    assert head_size(2048, 4096, 128).parameters == 9_986_560
    assert head_size(4096, 4096, 128).parameters == 18_375_168


def test_the_whole_released_tree_has_its_published_size():
    # It holds two video towers, a sound tower, and the shared head with three copies that are never used.
    arrays = released_trees.listing("full_v_va_1x")["params"].values()
    assert sum(int(np.prod(shape)) for shape in arrays) == 110_441_024
    towers = 2 * backbone_size(BackboneConfig(), CLIP).parameters
    towers += backbone_size(BackboneConfig(), CLIP, channels=1).parameters
    assert towers + 4 * head_size(2048, 4096, 128).parameters == 110_441_024


def parameters_of(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


def flops_of(model, shape):
    """Convolutions, as TensorFlow's profiler counts them in the graph."""
    function = tf.function(lambda inputs: model(inputs, training=False))
    graph = function.get_concrete_function(tf.TensorSpec(shape, tf.float32)).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options.update({"output": "none", "account_type_regexes": ["Conv.*|MatMul"]})
    return tf.compat.v1.profiler.profile(graph, options=options).total_float_ops


@pytest.mark.parametrize(
    ("network", "backbone", "options"),
    [
        (TSMResNet, BackboneConfig(depth=26, width=0.125), {}),
        (TSMResNet, BackboneConfig(depth=14, width=0.25), {"channels": 2}),
        (R3D, BackboneConfig(network="r3d", depth=26, width=0.125), {}),
        (R3D, BackboneConfig(network="r3d", depth=14, width=0.125), {"version": 2, "stem": "cvrl"}),
    ],
    ids=["tsm26", "tsm14-flow", "r3d26", "r3d14-v2-cvrl"],
)
def test_sizes_are_those_of_the_real_networks(network, backbone, options):
    model = network(depth=backbone.depth, width=backbone.width, **options)
    size = backbone_size(backbone, (4, 40, 56), **options)
    assert size.parameters == parameters_of(model)
    assert size.flops == flops_of(model, [1, 4, 40, 56, options.get("channels", 3)])


def test_sizes_are_those_of_real_audio_networks_and_heads():
    model, head = AudioResNet(depth=14, width=0.25), Head(16, 8)
    head.build((None, 512))
    size = backbone_size(BackboneConfig(depth=14, width=0.25), (1, 50, 80), channels=1)
    assert (size.parameters, size.flops) == (parameters_of(model), flops_of(model, [1, 50, 80]))
    assert head_size(512, 16, 8).parameters == parameters_of(head)


@pytest.mark.parametrize("name", ["tiny-v", "tiny-va"])
@pytest.mark.parametrize("heads", ["heads=separate", "heads=shared", "predictor=false"])
def test_experiments_have_the_size_of_their_model(name, heads):
    config = override(presets.get(name), ["model.narrow.depth=14", f"model.{heads}"])
    total = sum(size.parameters for size in experiment_sizes(config).values())
    assert total == parameters_of(build(config))
