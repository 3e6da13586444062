"""Processes that write sources and shards, and leave at once when the work fails or is interrupted."""

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

from brave_tf.errors import UserError
from brave_tf.preparation.media import Course
from brave_tf.preparation.shard_writer import ShardJob, write_shard
from brave_tf.preparation.source_writer import SourceJob, write_source
from brave_tf.preparation.worker_server import without_interrupts

LOOK_SECONDS = 1.0
"""How often the progress of other processes is looked at."""
LEAVE_SECONDS = 0.2
"""How often a worker looks whether it should leave."""
JOBS_PER_WORKER = 2
"""Jobs that are handed out: a worker that is done finds the next one."""


class WorkerProcesses(contextlib.AbstractContextManager["WorkerProcesses"]):
    """A pool of processes for `SourceJob` and `ShardJob`; half a job is worth nothing.

    Args:
        workers: processes.
    """

    def __init__(self, workers: int):
        # Copies of a server, not of this process: its threads (TensorFlow's, in a notebook) would not survive that.
        context = multiprocessing.get_context("forkserver")
        places = workers * JOBS_PER_WORKER
        # A place of its own for each job needs no lock, which a worker could take to its grave.
        self._shares = context.RawArray("d", places)
        self._threads = context.RawValue("i", 1)
        self._leave = context.RawValue("b", 0)
        self._free = list(range(places))
        self._pool = concurrent.futures.ProcessPoolExecutor(
            workers,
            mp_context=context,
            initializer=_start_worker,
            initargs=(self._shares, self._threads, self._leave),
        )
        self.running: dict[Any, tuple[SourceJob | ShardJob, int]] = {}

    def __exit__(self, kind: Any, *details: Any) -> None:
        if kind is None:
            self._pool.shutdown(wait=True)
            return
        self._leave.value = 1
        # A second Ctrl-C must not cut short the little that is left to do.
        with _ignored_interrupts():
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def has_room(self) -> bool:
        """Whether another job can be handed out."""
        return bool(self._free)

    def start(self, job: SourceJob | ShardJob) -> None:
        """Hands out a job."""
        place = self._free.pop()
        self._shares[place] = 0.0
        # The first call starts the processes. The tracker unblocks the signal when it starts, so it has to run before.
        multiprocessing.resource_tracker.ensure_running()
        with without_interrupts():
            self.running[self._pool.submit(_run, job, place)] = job, place

    def set_threads(self, count: int) -> None:
        """Says how many cores there are for each process, from now on."""
        self._threads.value = max(count, 1)

    def shares(self) -> Iterator[tuple[SourceJob | ShardJob, float]]:
        """The jobs that run, with the share of each that is done."""
        for job, place in self.running.values():
            yield job, self._shares[place]

    def wait(self) -> Iterator[tuple[SourceJob | ShardJob, Any]]:
        """Waits a moment; the jobs that are done, with their results.

        Raises:
            UserError: one failed, or a worker died.
        """
        done, _ = concurrent.futures.wait(self.running, LOOK_SECONDS, concurrent.futures.FIRST_COMPLETED)
        for future in done:
            job, place = self.running.pop(future)
            self._free.append(place)
            yield job, _result(future, job)


def _result(future: Any, job: SourceJob | ShardJob) -> Any:
    try:
        return future.result()
    except concurrent.futures.process.BrokenProcessPool:
        name = job.source.name if isinstance(job, SourceJob) else job.shard.name
        raise UserError(
            f"a worker process died around {name} (out of memory?); run the same command again with fewer --workers"
        ) from None


@contextlib.contextmanager
def _ignored_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread is ever interrupted.
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_shares: Any = None
"""In a worker process: the share of each job that is done."""
_threads: Any = None
"""In a worker process: cores for its threads."""


def _start_worker(shares: Any, threads: Any, leave: Any) -> None:
    global _shares, _threads
    _shares, _threads = shares, threads
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not the parent that the system knows, which is the server: that lives as long as its copies do.
    command = multiprocessing.parent_process()

    def leave_in_time() -> None:
        while command and command.is_alive() and not leave.value:
            time.sleep(LEAVE_SECONDS)
        os._exit(1)

    threading.Thread(target=leave_in_time, daemon=True).start()


def _run(job: SourceJob | ShardJob, place: int) -> Any:
    if isinstance(job, ShardJob):
        return write_shard(job)

    def report(share: float) -> None:
        _shares[place] = share

    return write_source(job, Course(threads=lambda: int(_threads.value), report=report))
