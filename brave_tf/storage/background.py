"""Transfers that go on while something else is done."""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

REQUESTS_AT_A_TIME = 32


def in_background(work: Callable[[], Result]) -> "Future[Result]":
    """Does something in a thread that does not keep the process from ending."""
    from concurrent.futures import Future

    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # for the one who asks for the result
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def of_many(ask: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What is asked of each item, many at a time: storage elsewhere takes long to answer, and answers many at once.

    Raises:
        Exception: what the first of them raised.
    """
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(REQUESTS_AT_A_TIME) as pool:
        futures = [pool.submit(ask, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
