"""What `fit` and `evaluate` call for every batch."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.method.batches import without_strings
from brave_tf.method.micro_batches import check_divisible


def finished_steps(model: keras.Model) -> int:
    """Batches that a model has been trained on: of `Brave` all, of another model those that moved its weights.

    The two differ where a loss scale skips updates.
    """
    counted = getattr(model, "counted_steps", None)
    return int(model.optimizer.iterations.numpy()) if counted is None else int(counted)


class RunningMean(keras.metrics.Metric):
    """The mean of a value over steps, weighed by their examples; outside the graph, so that it may begin at any step.

    Args:
        name: what `fit` and `evaluate` call it.
    """

    def __init__(self, name: str):
        super().__init__(name=name)
        self._total: Any = 0.0
        self._count = 0

    def update_state(self, value: Any, examples: int) -> None:
        """Adds the value of one step on so many examples."""
        self._total = self._total + value * examples
        self._count += examples

    def result(self) -> Any:
        """The mean so far; 0 before the first step."""
        return tf.convert_to_tensor(self._total / max(self._count, 1))

    def reset_state(self) -> None:
        """Begins anew."""
        self._total = 0.0
        self._count = 0


class StepFunction:
    """Takes batches from an iterator and runs steps of a model on them, on all replicas.

    Keras' own functions of this kind take the batch inside the graph, where nobody can see how long that took; and
    reduce what a step returns over replicas, which under `MultiWorkerMirroredStrategy` fails for scalars. The steps of
    `Brave` return the same values on every replica.

    Args:
        model: a compiled model with `update_means`.
        step: its `train_step` or `test_step`.
        trains: whether it is the former.

    Attributes:
        wait_seconds: time that was spent waiting for batches, in all.
    """

    def __init__(self, model: Any, step: Callable[[Any], Any], *, trains: bool):
        strategy = model.distribute_strategy

        def run(batch: Any) -> Any:
            outputs = strategy.run(step, args=(batch,))
            return tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], outputs)

        # Traced anew for every shape: the number of views has to be known.
        compiled = tf.function(run, jit_compile=model.jit_compile, autograph=False)
        self._run = run if model.run_eagerly else compiled
        self._model = model
        self._strategy = strategy
        self._trains = trains
        self._clip_ids: Any = None
        self.wait_seconds = 0.0

    def __call__(self, iterator: Any) -> dict[str, Any]:
        """Runs `steps_per_execution` steps on the iterator's next batches, or as many as it has.

        Returns:
            Of training the metrics of the last batch, of testing the means so far.

        Raises:
            StopIteration: it has no batch.
            UserError: a batch does not divide among replicas and micro-batches.
        """
        outputs = self._step(iterator)
        for _ in range(1, self._model.steps_per_execution):
            try:
                outputs = self._step(iterator)
            except StopIteration:
                break
        return outputs

    def _step(self, iterator: Any) -> dict[str, Any]:
        began = time.monotonic()
        batch = next(iterator)
        self.wait_seconds += time.monotonic() - began
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        self._clip_ids = inputs.get("clip_id") if isinstance(inputs, dict) else None
        examples = self._examples(inputs)
        if self._model.jit_compile:
            # XLA takes no strings.
            batch = without_strings(inputs)
        before = finished_steps(self._model) if self._trains else 0
        outputs: dict[str, Any] = self._run(batch)
        means = self._model.update_means(outputs, examples, trains=self._trains)
        if self._trains:
            self._model.counted_steps = before + 1
        return outputs if self._trains else means

    def _examples(self, inputs: Any) -> int:
        """Examples of a batch on this machine.

        Raises:
            UserError: the replicas, or the micro-batches of one, have not equally many.
        """
        # Here the size of the batch is known; in the graph it may not be.
        arrays = (self._strategy.experimental_local_results(array) for array in tf.nest.flatten(inputs))
        shares = next(([len(share) for share in array] for array in arrays if array[0].shape), [0])
        if len(set(shares)) > 1:
            raise UserError(
                f"received a batch of {sum(shares)} examples for {len(shares)} replicas; expected a multiple of "
                f"{len(shares)}, the last batch of an epoch among them; change batch_size, or drop the remainder"
            )
        if self._trains:
            check_divisible(shares[0], self._model.micro_batches)
        return sum(shares)

    def clip_ids(self) -> list[int]:
        """Which clips the last batch held, over all workers, each of which has to ask; empty if it did not say."""
        if self._clip_ids is None:
            return []
        return np.asarray(self._strategy.gather(self._clip_ids, axis=0)).tolist()
