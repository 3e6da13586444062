"""Exported encoders are trained further by those who do not have this library, each in the way of their own."""

import json

import pytest

from tests.programs import Program

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
    found = json.loads(program.text().strip().splitlines()[-1])
    assert found["last"] < 0.7 * found["first"]
    assert len(found["statistics"]) == 8 and min(found["statistics"]) > 1e-4
    assert sum(change > 1e-6 for change in found["kernels"]) > 0.9 * len(found["kernels"])
