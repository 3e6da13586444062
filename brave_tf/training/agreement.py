"""What the processes of a multi-worker run agree on; with one process all of it is free."""

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from brave_tf.training.strategy import is_multi_worker, worker_number, workers


class Agreement:
    """Lets all workers act alike. Every worker has to call the same methods in the same order.

    Args:
        strategy: what the run trains under.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        self._alone = not is_multi_worker(strategy)
        self._from_first: Any = tf.function(self._reduce_from_first, autograph=False, reduce_retracing=True)
        self._sum: Any = tf.function(self._reduce_sum, autograph=False, reduce_retracing=True)

    def of_chief(self, value: int) -> int:
        """The chief's value, whatever the others have."""
        return value if self._alone else int(self._from_first(tf.constant(value, tf.int64)))

    def any(self, flag: bool) -> bool:
        """Whether the flag is raised anywhere."""
        return flag if self._alone else int(self._sum(tf.constant(int(flag), tf.int64))) > 0

    def union(self, numbers: Iterable[int]) -> set[int]:
        """The numbers of all workers together."""
        mine = sorted(set(numbers))
        if self._alone:
            return set(mine)
        # Each worker writes at its own place of what is then added up.
        number, count = worker_number(self._strategy), workers(self._strategy)
        lengths = self._added([len(mine) if place == number else 0 for place in range(count)])
        before = sum(lengths[:number])
        zeros_after = sum(lengths) - before - len(mine)
        return set(self._added([0] * before + mine + [0] * zeros_after))

    def _added(self, numbers: list[int]) -> list[int]:
        """Sums over all workers, place by place."""
        if not numbers:
            return []
        replicas = self._strategy.num_replicas_in_sync // workers(self._strategy)
        return (self._sum(tf.constant(numbers, tf.int64)).numpy() // replicas).tolist()

    def text_of_chief(self, text: str) -> str:
        """The chief's text, whatever the others have."""
        if self._alone:
            return text
        data = text.encode()
        length = self.of_chief(len(data))
        numbers = tf.constant(list(data[:length].ljust(length)), tf.int64)
        return bytes(self._from_first(numbers).numpy().tolist()).decode()

    def follow_chief(self, variables: Sequence[tf.Variable]) -> None:
        """Gives variables the values that they have on the chief, bit by bit."""
        if self._alone:
            return
        for variable in variables:
            values = self._from_first(tf.reshape(variable, [-1]))
            variable.assign(tf.reshape(values, variable.shape))

    def _reduce_from_first(self, value: Any) -> Any:
        def only_first(value: Any) -> Any:
            first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
            # Negative zero is what can be added to any number without changing a bit of it.
            return tf.where(first, value, -tf.zeros_like(value))

        return self._reduce(value, only_first)

    def _reduce_sum(self, value: Any) -> Any:
        return self._reduce(value, tf.identity)

    def _reduce(self, value: Any, share: Any) -> Any:
        def reduce(value: Any) -> Any:
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, share(value))

        return self._strategy.experimental_local_results(self._strategy.run(reduce, args=(value,)))[0]
