"""What `fit` and `evaluate` call for every batch."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def finished_steps(model: keras.Model) -> int:
    """Batches that a model has been trained on: of `Brave` all, of another model those that moved its weights.

    The two differ where a loss scale skips updates.
    """
    counted = getattr(model, "counted_steps", None)
    return int(model.optimizer.iterations.numpy()) if counted is None else int(counted)


class StepFunction:
    """Takes a batch from an iterator and runs one step of a model on it, on all replicas.

    Keras' own functions of this kind take the batch inside the graph, where nobody can see how long that took; and
    reduce what a step returns over replicas, which under `MultiWorkerMirroredStrategy` fails for scalars. The steps of
    `Brave` return the same values on every replica.

    Args:
        model: a compiled model.
        step: its `train_step` or `test_step`.
        trains: whether it is the former.

    Attributes:
        wait_seconds: time that was spent waiting for batches, in all.
    """

    def __init__(self, model: keras.Model, step: Callable[[Any], Any], *, trains: bool):
        strategy = model.distribute_strategy

        def run(batch: Any) -> Any:
            outputs = strategy.run(step, args=(batch,))
            return tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], outputs)

        compiled = tf.function(run, jit_compile=model.jit_compile, reduce_retracing=True, autograph=False)
        self._run = run if model.run_eagerly else compiled
        self._model = model
        self._strategy = strategy
        self._trains = trains
        self._clip_ids: Any = None
        self.wait_seconds = 0.0

    def __call__(self, iterator: Any) -> Any:
        """Runs one step on the iterator's next batch; raises StopIteration when there is none."""
        began = time.monotonic()
        batch = next(iterator)
        self.wait_seconds += time.monotonic() - began
        self._clip_ids = batch.get("clip_id") if isinstance(batch, dict) else None
        if not self._trains:
            return self._run(batch)
        before = finished_steps(self._model)
        outputs = self._run(batch)
        self._model.counted_steps = before + 1
        return outputs

    def clip_ids(self) -> list[int]:
        """Which clips the last batch held, over all workers, each of which has to ask; empty if it did not say."""
        if self._clip_ids is None:
            return []
        return np.asarray(self._strategy.gather(self._clip_ids, axis=0)).tolist()
