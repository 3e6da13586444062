"""A second look at clips that an input pipeline could not use: what storage fails to give for a while is no damage.

The graph gives up at the first error, whatever it is. Here the record is read again, with patience, and the same
operations try to make the same of it; so what becomes of a clip never depends on how well storage works at the moment.
"""

import contextlib
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from brave_tf.data.damage import read_record
from brave_tf.data.read import RecordTable
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.errors import UserError

AHEAD_BATCHES, AHEAD_CLIPS = 8, 256
"""So far a pipeline may be ahead of its batches before anybody asks whether its clips can be read at all."""
Make = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], Any]
"""A graph function from the number of an element, the row of its clip, and the record, to the element."""


class SecondLook:
    """Tries what an element may be made of, one after the other, outside of the graph that could not make it.

    Args:
        table: where the records lie.
        make: what makes the element.
        candidates: from the number of an element to pairs of a number and a row, in the order in which they are tried.
        if_none: what is raised if none of them can be used; None goes on without.
    """

    def __init__(
        self,
        table: RecordTable,
        make: Make,
        candidates: Callable[[int], Iterable[tuple[int, int]]],
        if_none: UserError | None = None,
    ):
        self._table = table
        self._candidates = candidates
        self._if_none = if_none
        scalars = [tf.TensorSpec([], dtype) for dtype in (tf.int64, tf.int64, tf.string)]
        self._make = tf.function(make, autograph=False, input_signature=scalars)

    def __call__(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """For a graph: whether one of the candidates can be used, and of the first one number, row and record.

        Raises:
            tf.errors.OpError: storage does not give a record, or none can be used; see `as_user_errors`.
        """
        found = tf.py_function(self._look, [number], [tf.bool, tf.int64, tf.int64, tf.string])
        for value in found:
            value.set_shape([])
        return tuple(found)

    def _look(self, number: tf.Tensor) -> tuple[tf.Tensor, ...]:
        for each, row in self._candidates(int(number)):
            try:
                record = tf.constant(read_record(self._table, row))
                self._make(tf.constant(each, tf.int64), tf.constant(row, tf.int64), record)
            except (DamagedRecordError, tf.errors.OpError):
                continue
            return tf.constant(True), tf.constant(each, tf.int64), tf.constant(row, tf.int64), record
        if self._if_none is not None:
            raise self._if_none
        return tf.constant(False), number, tf.constant(0, tf.int64), tf.constant(b"")


class Watch:
    """Ends an input without end whose storage gives nothing any more: it would try one clip after the other for ever.

    Args:
        table: where the records lie.
        row_of: from the number of an element to the row of its clip.
        first: the first number.
        size: elements of a batch.
    """

    def __init__(self, table: RecordTable, row_of: Callable[[int], int], first: int, size: int):
        self._table, self._row_of, self._size = table, row_of, size
        self._delivered = first
        self._failure: UserError | None = None

    def goes_on(self, number: tf.Tensor) -> tf.Tensor:
        """For `take_while` over the numbers: whether there is reason to try further ones."""
        look = functools.partial(tf.py_function, self._look, [number], tf.bool)
        return tf.ensure_shape(tf.cond(number % self._size == 0, look, lambda: tf.constant(True)), [])

    def counted(self, batch: Any) -> Any:
        """For `map` over the batches."""
        tf.py_function(self._count, [], [])
        return batch

    def end(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """What comes after the last batch: the reason why there are no more of them, as an error."""
        return tf.data.Dataset.from_generator(self._raise, output_signature=batches.element_spec)

    def _count(self) -> None:
        self._delivered += self._size

    def _look(self, number: tf.Tensor) -> bool:
        # What is made ahead of the batches that have come out is less, while clips can be used.
        if int(number) - self._delivered > AHEAD_BATCHES * self._size + AHEAD_CLIPS:
            try:
                read_record(self._table, self._row_of(int(number)))
            except DamagedRecordError:
                pass
            except UserError as error:
                self._failure = error
                return False
        return True

    def _raise(self) -> Iterator[Any]:
        if self._failure is not None:
            raise self._failure
        return iter(())


@contextlib.contextmanager
def as_user_errors() -> Iterator[None]:
    """Turns what TensorFlow makes of a `UserError` that a pipeline raised back into one."""
    try:
        yield
    except tf.errors.OpError as error:
        said = re.search(r"\bUserError: (.+)", error.message)
        if said is None:
            raise
        raise UserError(said[1]) from None
