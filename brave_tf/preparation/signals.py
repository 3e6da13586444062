"""What the command and the processes that it starts hear of Ctrl-C and SIGTERM."""

import contextlib
import signal
import threading
from collections.abc import Iterator

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def without_signals() -> Iterator[None]:
    """Processes that start in here hear nothing of Ctrl-C and SIGTERM, nor do their copies.

    A terminal sends Ctrl-C to every process of the command, and a scheduler SIGTERM, also to those that are still
    starting; what they mean is for the command to decide. One that comes meanwhile strikes afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def ignored_signals() -> Iterator[None]:
    """What runs in here is not cut short by Ctrl-C and SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread is ever interrupted.
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
