"""What a TPU asks of a train step: static shapes, no Python, all compiled; one device with XLA stands in for it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import BroadConfig
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset
from brave_tf.encoders.encoder import seeded_initialisation
from brave_tf.training.build import make_model
from tests.training.run_killed import make_dataset

pytestmark = pytest.mark.usefixtures("one_unit")

SMALL = [
    *["batch_size=4", "narrow.size=32", "narrow.frames=2", "narrow.augment.random_convolution=0.5"],
    *["broad.audio.seconds=0.5", "model.target_momentum=0.9"],
    *[
        "model.hidden_size=16",
        "model.projection_size=8",
        "optimizer.warmup_steps=0",
        "optimizer.peak_learning_rate=0.01",
    ],
    *(f"model.{tower}.{key}" for tower in ("narrow", "rgb", "audio") for key in ("depth=14", "width=0.0625")),
]
ALL = ["broad.rgb.size=24", "broad.rgb.frames=2", "micro_batches=2", "model.rematerialise=true"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("compiled"), clips_per_motion=1)


def plain():
    """Sound as the broad view."""
    return override(presets.get("tiny-va"), SMALL)


def everything():
    """Sound and pictures as broad views, and all that changes the graph."""
    both = BroadConfig(rgb=presets.get("tiny-v").broad.rgb, audio=presets.get("tiny-va").broad.audio)
    return override(dataclasses.replace(presets.get("tiny-v"), broad=both), [*SMALL, *ALL])


def trained(config, batches, jit_compile):
    """A model after one step, and the step's loss."""
    with seeded_initialisation(0):
        model = make_model(dataclasses.replace(config, jit_compile=jit_compile))
    history = model.fit(batches, steps_per_epoch=1, shuffle=False, verbose=0)
    return model, history.history["loss"][0]


def test_shapes_of_batches_are_static(dataset):
    batches = pretraining_dataset(dataset, everything())
    assert all(spec.shape.is_fully_defined() for spec in tf.nest.flatten(batches.element_spec))
    assert all(spec.dtype != tf.string for spec in tf.nest.flatten(batches.element_spec))


@pytest.mark.thorough
@pytest.mark.parametrize("make_config", [plain, pytest.param(everything, marks=pytest.mark.slow)])
def test_the_whole_step_compiles_and_does_the_same(make_config, dataset):
    config = make_config()
    batches = pretraining_dataset(dataset, config)
    interpreted, loss = trained(config, batches, jit_compile=False)
    compiled, compiled_loss = trained(config, batches, jit_compile=True)
    assert compiled_loss == pytest.approx(loss, rel=1e-4)
    graph = tf.function(compiled.train_step, autograph=False).get_concrete_function(next(iter(batches))).graph
    kinds = {operation.type for operation in graph.get_operations()}
    kinds |= {node.op for function in graph.as_graph_def().library.function for node in function.node_def}
    assert "Conv2D" in kinds and not {kind for kind in kinds if "PyFunc" in kind}
    for one, other in zip(interpreted.weights, compiled.weights, strict=True):
        scale = np.abs(one.numpy()).max() + 1e-3
        np.testing.assert_allclose(other.numpy(), one.numpy(), atol=1e-2 * scale, err_msg=one.path)
