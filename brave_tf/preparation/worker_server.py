"""The process that all workers are copies of, which loads what they need while the command itself still loads."""

import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import signal
from collections.abc import Iterator

LOADED = ["brave_tf.preparation.worker_processes"]
"""What it imports, so that no worker has to."""


def start_server() -> None:
    """Starts it, unless it runs: for a command alone, since all that a process starts shares this server."""
    multiprocessing.set_forkserver_preload(LOADED)
    # It unblocks the signal when it starts, so it has to run before.
    multiprocessing.resource_tracker.ensure_running()
    with without_interrupts():
        multiprocessing.forkserver.ensure_running()


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes that start in here hear nothing of Ctrl-C; one that is pressed meanwhile strikes afterwards.

    A terminal sends Ctrl-C to every process of the command, also to those that are still starting.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
