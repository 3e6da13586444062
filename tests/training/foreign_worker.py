"""One process that fits networks which the library does not know: `python -m tests.training.foreign_worker ROLE OUT`.

ROLE is `alone`, or the index of one of the workers that TF_CONFIG names. The losses of every source of batches and the
weights after them go to OUT.
"""

import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from brave_tf.lars import LARS
from brave_tf.training.strategy import make_strategy
from tests.method.own_networks import arrays, as_tf_data, make, normalised_network

SOURCES = {"arrays": lambda: {"x": arrays(), "batch_size": 8}, "tf.data": lambda: {"x": as_tf_data(arrays())}}


def main(role, out):
    strategy = make_strategy("auto" if role == "alone" else "multiworker")
    assert strategy.num_replicas_in_sync == (1 if role == "alone" else 2)
    results = {}
    for source, data in SOURCES.items():
        with strategy.scope():
            # Networks are initialised before `make` sets its seed.
            keras.utils.set_random_seed(1)
            model = make(broad={"imu": normalised_network()})
            model.compile(optimizer=LARS(0.5), jit_compile=False)
        history = model.fit(**data(), epochs=2, shuffle=False, verbose=0).history
        results |= {f"{source}:{name}": values for name, values in history.items()}
        results |= {f"{source}:weight:{number}": weight.numpy() for number, weight in enumerate(model.weights)}
    np.savez(out, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
