"""Exported encoders are loaded and trained further without this library, each in a way of its own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from brave_tf.encoders.exported import read_verification
from brave_tf.export.card_snippets import snippets
from tests.programs import Program

BLOCK = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {without} else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

assert not set(sys.modules) & set({without}), "imported already"
sys.meta_path[:] = map(Without, sys.meta_path)
for name in {without}:
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise AssertionError(name + " is there")
"""
"""What makes packages those that are not installed, in a Python that has imported nothing."""
WITHOUT = {
    "Keras": ("brave_tf", "tf_keras", "tensorflow_hub"),
    "TensorFlow": ("brave_tf", "keras", "tf_keras", "tensorflow_hub"),
    "TensorFlow Hub": ("brave_tf",),  # it asks Keras for its version
    "A layer of Keras": ("brave_tf", "tf_keras", "tensorflow_hub"),
    "ONNX Runtime": ("brave_tf", "keras", "tf_keras", "tensorflow", "tensorflow_hub", "onnx", "tf2onnx"),
    "LiteRT, float32": ("brave_tf", "keras", "tf_keras", "tensorflow", "tensorflow_hub"),
}
"""What each program of a model card does without, by how its title begins."""
PACKAGES = {"TensorFlow Hub": "tensorflow_hub", "ONNX Runtime": "onnxruntime", "LiteRT, float32": "ai_edge_litert"}
SNIPPETS = {
    "tf.saved_model.load": "TensorFlow",
    "TFSMLayer": "A layer of Keras",
    "hub.KerasLayer": "TensorFlow Hub",
    "encoder.keras": "Keras",
}
"""The program of a model card that loads an encoder as each way of training does."""

BEGIN = """
import json, sys
for name in {without}:
    sys.modules[name] = None
import numpy as np
import tensorflow as tf
folder = sys.argv[1]
clips = np.random.default_rng(0).random((8, 2, 24, 24, 3), dtype=np.float32)
labels = np.arange(8) % 2
clips[labels == 1] *= 0.7
"""
END = """
before = [variable.numpy() for variable in variables]
first, last = train()
changed = [float(np.abs(variable.numpy() - old).max()) for variable, old in zip(variables, before, strict=True)]
statistics = [change for change, variable in zip(changed, variables) if "moving" in variable.name]
kernels = [change for change, variable in zip(changed, variables) if "moving" not in variable.name]
print(json.dumps({"first": first, "last": last, "statistics": statistics, "kernels": kernels}))
"""
FIT = """
def train():
    model.compile(keras.optimizers.SGD(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = model.fit(clips, labels, batch_size=8, epochs=8, verbose=0).history["loss"]
    return losses[0], losses[-1]
"""
WAYS = {
    "tf.saved_model.load": (
        ("keras", "tf_keras", "tensorflow_hub"),
        """
encoder = tf.saved_model.load(folder)
variables = encoder.variables
head = tf.Variable(tf.zeros([64, 2]))

def step():
    with tf.GradientTape() as tape:
        logits = encoder(clips, training=True) @ head
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    trained = [head, *encoder.trainable_variables]
    for variable, gradient in zip(trained, tape.gradient(loss, trained), strict=True):
        variable.assign_sub(0.05 * gradient)
    return float(loss)

def train():
    losses = [step() for _ in range(8)]
    return losses[0], losses[-1]
""",
    ),
    "TFSMLayer": (
        ("tf_keras", "tensorflow_hub"),
        """
import keras
layer = keras.layers.TFSMLayer(folder, call_training_endpoint="call_training", trainable=True)
variables = [weight.value for weight in layer.weights]
assert len(layer.trainable_weights) == sum("moving" not in each.name for each in variables)
model = keras.Sequential([layer, keras.layers.Dense(2, kernel_initializer="zeros")])
"""
        + FIT,
    ),
    "hub.KerasLayer": (
        (),
        """
import tensorflow_hub as hub
import tf_keras as keras
layer = hub.KerasLayer(folder, trainable=True)
variables = layer.weights
model = keras.Sequential([layer, keras.layers.Dense(2, kernel_initializer="zeros")])
"""
        + FIT,
    ),
    "encoder.keras": (
        ("tf_keras", "tensorflow_hub"),
        """
import keras
encoder = keras.saving.load_model(folder + "/encoder.keras")
encoder.trainable = True
variables = [weight.value for weight in encoder.weights]
model = keras.Sequential([encoder, keras.layers.Dense(2, kernel_initializer="zeros")])
"""
        + FIT,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_training_lowers_the_loss_and_moves_the_statistics(tiny_export, way):
    if way == "hub.KerasLayer":
        pytest.importorskip("tensorflow_hub", reason='needs the extra: pip install "brave_tf[hub]"')
    without, code = WAYS[way]
    program = Program(["-c", BEGIN.format(without=("brave_tf", *without)) + code + END, str(tiny_export.folder)])
    assert program.wait(120) == 0, program.text()
    check_training(program.text())


def check_training(output: str) -> None:
    """That the loss went down, and the statistics and kernels moved."""
    found = json.loads(output.strip().splitlines()[-1])
    assert found["last"] < 0.7 * found["first"]
    assert len(found["statistics"]) == 8 and min(found["statistics"]) > 1e-4
    assert sum(change > 1e-6 for change in found["kernels"]) > 0.9 * len(found["kernels"])


def run_alone(program: str, without: tuple[str, ...], folder, *words: str) -> str:
    """Runs a program in a Python of its own that has imported nothing: its standard output."""
    command = [sys.executable, "-I", "-c", BLOCK.format(without=without) + program, *words]
    process = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.thorough
@pytest.mark.parametrize("title", WITHOUT)
def test_programs_of_the_card_need_only_what_they_import(tiny_export, tmp_path, title):
    """Each in a new Python, which then trains the encoder further where that way can."""
    if title in PACKAGES:
        pytest.importorskip(PACKAGES[title])
    (snippet,) = [
        each
        for each in snippets(tiny_export.encoder, read_verification(tiny_export.folder).formats)
        if each.title.partition(", clips")[0] == title
    ]
    program = snippet.program + "\nnp.save(sys.argv[2], np.asarray(embedding))\n"
    (training,) = [WAYS[way][1] for way, name in SNIPPETS.items() if name == title] or [""]
    if training:
        program += BEGIN.format(without=()) + training + END
    words = str(tiny_export.folder), str(tmp_path / "found.npy")
    output = run_alone(program, WITHOUT[title], tiny_export.folder, *words)
    clips = np.random.default_rng(0).random([1, 8, 48, 48, 3], dtype="float32")
    expected = tiny_export.encoder(clips).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-4 * np.abs(expected).max())
    if training:
        check_training(output)


@pytest.mark.parametrize("package", ["brave_tf", "numpy"])
def test_a_program_that_needs_an_absent_package_fails(tmp_path, package):
    with pytest.raises(AssertionError, match=f"No module named '{package}"):
        run_alone(f"import {package}", (package,), tmp_path)
