"""Requests to storage elsewhere: repeated when they fail for a while, given up when they stall."""

import errno
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")

TRIES = 5
"""How often a request is made before it fails for good."""
FIRST_PAUSE_SECONDS = 1.0
"""The pause after the first failure; each later one is twice as long."""
STALL_SECONDS = 120.0
"""How long one request may take."""


class PassingError(OSError):
    """What may go well the next time: a service that is busy, a connection that was lost."""


def patiently(request: Callable[..., Result], *arguments: Any, about: str) -> Result:
    """The result of a request, made again after a pause where it fails with `PassingError` or stalls.

    Args:
        request: what to do. It may be done several times, and one that stalls may still end later.
        arguments: its arguments.
        about: the file, for the message.

    Raises:
        OSError: it failed, in vain to repeat or for the last time; `strerror` is one line.
    """
    for attempt in range(TRIES):
        if attempt:
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        try:
            return _in_time(request, *arguments)
        except PassingError as error:
            reason = error.strerror or str(error)
    raise OSError(errno.EIO, f"{reason}; given up after {TRIES} tries", about)


def _in_time(request: Callable[..., Result], *arguments: Any) -> Result:
    """The result of a request; `PassingError` if it stalls: nothing can end it, so it is left alone."""
    answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put((request(*arguments), None))
        except BaseException as error:  # for the one who waits
            answers.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        result, error = answers.get(timeout=STALL_SECONDS)
    except queue.Empty:
        raise PassingError(errno.ETIMEDOUT, f"no answer within {STALL_SECONDS:.0f} s") from None
    if error is not None:
        raise error
    return result


def system_error(number: int, reason: str, about: str) -> OSError:
    """An error as the system would raise it: `FileNotFoundError` for `ENOENT` and so on."""
    return OSError(number, reason or os.strerror(number), about)
