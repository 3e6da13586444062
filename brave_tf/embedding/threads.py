"""Work beside the main thread: jobs that give their results piece by piece, and results that are made ahead."""

import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.media_settings import Course

Item = TypeVar("Item")
PATIENCE_SECONDS = 0.2
"""How often a thread that waits for room asks whether anybody still wants what it has."""


class NumberedJob(Protocol):
    """A `StreamedJob` with a number."""

    @property
    def number(self) -> int:
        """Tells jobs apart."""

    def do(self, course: Course, give: Callable[[Any], None]) -> Outcome:
        """See `StreamedJob.do`."""


class _Stopped(BaseException):
    """Nobody wants any more of it."""


class _Channel:
    """Takes items from threads until it is closed."""

    def __init__(self, room: int) -> None:
        self._items: queue.Queue[Any] = queue.Queue(room)
        self._closed = threading.Event()

    def put(self, item: Any) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(item, timeout=PATIENCE_SECONDS)
                return
        raise _Stopped

    def get(self) -> Any:
        """The next item; None if there is none for a while."""
        try:
            item = self._items.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        return item

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        self._closed.set()


def done_in_threads(jobs: Iterable[NumberedJob], threads: int) -> Generator[Any, None, None]:
    """Does jobs in so many threads, and yields what they give as `brave_tf.embedding.decoding` does.

    Yields:
        Events, or None after a while without one.

    Raises:
        Exception: what a job raised.
    """
    channel, lock, todo = _Channel(2 * threads), threading.Lock(), iter(jobs)

    def work() -> None:
        with contextlib.suppress(_Stopped):
            try:
                while True:
                    with lock:
                        job = next(todo, None)
                    if job is None:
                        break
                    give = functools.partial(_put_numbered, channel, job.number)
                    channel.put((job.number, job.do(Course(report=give), give)))
            except Exception as error:
                channel.put(error)
            channel.put(_END)

    workers = [threading.Thread(target=work, name=f"windows-{number}", daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    try:
        left = threads
        while left:
            event = channel.get()
            if event is _END:
                left -= 1
            else:
                yield event
    finally:
        channel.close()
        for worker in workers:
            worker.join()


def _put_numbered(channel: _Channel, number: int, content: Any) -> None:
    channel.put((number, content))


_END = object()


@contextlib.contextmanager
def made_ahead(items: Generator[Item | None, None, None], count: int) -> Iterator[Iterator[Item]]:
    """Makes items in a thread, up to `count` ahead of who asks for them.

    Args:
        items: may yield None for nothing yet; closed at the end, in its thread.
        count: items that wait.

    Yields:
        The items without None.
    """
    channel = _Channel(count)

    def work() -> None:
        with contextlib.suppress(_Stopped), contextlib.closing(items):
            try:
                for item in items:
                    if item is not None:
                        channel.put(item)
                    elif channel.is_closed:
                        return
            except Exception as error:
                channel.put(error)
            channel.put(_END)

    def taken() -> Iterator[Item]:
        while (item := channel.get()) is not _END:
            if item is not None:
                yield item

    thread = threading.Thread(target=work, name="windows", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        channel.close()
        thread.join()
