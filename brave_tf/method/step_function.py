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
from brave_tf.method.step_loop import StepLoop, fits_loop

NUMBERS = ("clip_id", "draw")
"""Entries of a batch, [B] integers, that tell of its examples and that no network takes."""


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

    Where `steps_per_execution` is more than 1, that many steps and the taking of their batches are one graph. They run
    from Python, one after the other, if the shapes of batches are not known before, and on several workers.

    Args:
        model: a compiled model with `update_means`.
        step: its `train_step` or `test_step`.
        trains: whether it is the former.

    Attributes:
        wait_seconds: time that was spent waiting for batches, in all; what a graph of several steps waits is unknown.
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
        self._loop: StepLoop | None = None
        self._clip_ids: Any = None
        self._draws: list[Any] = []
        self.wait_seconds = 0.0

    def __call__(self, iterator: Any) -> dict[str, Any]:
        """Runs `steps_per_execution` steps on the iterator's next batches, or as many as it has.

        Returns:
            Of training the metrics of the last batch, of testing the means so far.

        Raises:
            StopIteration: it has no batch.
            UserError: a batch does not divide among replicas and micro-batches.
        """
        steps = self._model.steps_per_execution
        self._draws = []
        if steps > 1 and self._can_loop(iterator):
            return self._steps(iterator, steps)
        outputs = self._step(iterator)
        for _ in range(1, steps):
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
        numbers = inputs if isinstance(inputs, dict) else {}
        self._clip_ids = numbers.get("clip_id")
        if "draw" in numbers:
            self._draws += self._strategy.experimental_local_results(numbers["draw"])
        examples = self._examples(inputs)
        before = finished_steps(self._model) if self._trains else 0
        return self._record([(self._outputs(batch), examples)], before)

    def _outputs(self, batch: Any) -> dict[str, Any]:
        """Metrics of one step on a batch."""
        if self._model.jit_compile:
            # XLA takes no strings.
            batch = without_strings(keras.utils.unpack_x_y_sample_weight(batch)[0])
        outputs: dict[str, Any] = self._run(batch)
        return outputs

    def _record(self, steps: list[tuple[dict[str, Any], int]], before: int) -> dict[str, Any]:
        """Counts steps, by their metrics and numbers of examples; returns what `fit` or `evaluate` reports."""
        for outputs, examples in steps:
            means = self._model.update_means(outputs, int(examples), trains=self._trains)
        if self._trains:
            self._model.counted_steps = before + len(steps)
        return outputs if self._trains else means

    def _can_loop(self, iterator: Any) -> bool:
        several_workers = isinstance(self._strategy, tf.distribute.MultiWorkerMirroredStrategy)
        parts = self._strategy.num_replicas_in_sync * (self._model.micro_batches if self._trains else 1)
        return not (self._model.run_eagerly or several_workers) and fits_loop(iterator, splits=parts > 1)

    def _steps(self, iterator: Any, steps: int) -> dict[str, Any]:
        """Up to so many steps in one graph."""
        if self._loop is None or self._loop.steps != steps:
            self._loop = StepLoop(self._step_in_loop, steps)
        before = finished_steps(self._model) if self._trains else 0
        results, numbers = self._loop(iterator)
        if not results:
            raise StopIteration
        # The replicas have equal shares of every batch.
        shares = numbers.get("clip_id", [])
        self._clip_ids = [share[-(int(results[-1][1]) // len(shares)) :] for share in shares]
        self._draws = numbers.get("draw", [])
        return self._record(results, before)

    def _step_in_loop(self, batch: Any) -> tuple[Any, dict[str, list[Any]]]:
        """Metrics and number of examples of one step, and the numbers that its batch brings of them."""
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(batch)
        shares = self._strategy.experimental_local_results
        arrays = next(array for array in map(shares, tf.nest.flatten(inputs)) if array[0].shape.rank)
        examples = tf.add_n([tf.shape(array)[0] for array in arrays])
        present = [name for name in NUMBERS if isinstance(inputs, dict) and name in inputs]
        return (self._outputs(batch), examples), {name: list(shares(inputs[name])) for name in present}

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
        if isinstance(self._clip_ids, list):
            return [int(number) for share in self._clip_ids for number in share]
        return np.asarray(self._strategy.gather(self._clip_ids, axis=0)).tolist()

    def draws(self) -> np.ndarray:
        """The entries `draw` of all batches of the last call, on this worker, [n] int64; empty if they had none."""
        return np.concatenate([np.zeros(0, np.int64), *(np.asarray(share) for share in self._draws)])
