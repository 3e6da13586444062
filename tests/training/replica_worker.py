"""One process of a training that several share: `python -m tests.training.replica_worker ROLE DATASET OUT`.

ROLE is `alone`, `mirrored` (two logical devices), or the index of one of the workers that TF_CONFIG names. What came of
it goes to OUT: the first step's loss, gradients and batch norm statistics in float32, and the weights after ten steps
in float64.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset
from brave_tf.lars import LARS
from brave_tf.training.build import build
from brave_tf.training.strategy import make_strategy
from tests.reduced import one_unit

CONFIG = override(
    presets.get("tiny-va"),
    [
        *["batch_size=8", "narrow.size=32", "narrow.frames=2", "broad.audio.seconds=0.5", "model.hidden_size=16"],
        *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625", "model.projection_size=8"],
    ],
)
STEPS = 10


def fit(strategy, dataset, optimizer, steps, *changes):
    """Trains a model: its losses, its weights by path before and after, and the clips of the last batch."""
    keras.utils.set_random_seed(0)
    config = override(CONFIG, changes)
    with strategy.scope():
        model = build(config)
        model.compile(optimizer=optimizer(), jit_compile=False)
        batches = pretraining_dataset(dataset, config)
    before = weights(model)
    losses = []
    log = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[log])
    return losses, before, weights(model), model.train_function.clip_ids()


def weights(model):
    # Backbones have layers of the same names.
    return {f"{number} {weight.path}": weight.numpy() for number, weight in enumerate(model.weights)}


def main(role, dataset, out):
    if role == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = make_strategy("auto" if role == "alone" else "mirrored" if role == "mirrored" else "multiworker")
    one_unit(pytest.MonkeyPatch())
    assert strategy.num_replicas_in_sync == (1 if role == "alone" else 2)
    found = {}
    losses, before, after, clips = fit(strategy, dataset, lambda: keras.optimizers.SGD(1.0), 1)
    found |= {"loss": losses[0], "clips": clips}
    for path, value in before.items():
        # One step of gradient descent with learning rate 1 is the gradient.
        kind = "statistic" if "moving_" in path else "gradient"
        found[f"{kind}:{path}"] = after[path] if kind == "statistic" else value - after[path]
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    # On the device views are augmented in float32, where rounding depends on how many there are.
    losses, _, after, clips = fit(strategy, dataset, lambda: LARS(0.02), STEPS, "data.augment_on=host")
    found |= {"losses": losses, "last_clips": clips, **{f"weight:{path}": value for path, value in after.items()}}
    np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
