"""A pool of processes that write sources and shards: one that dies, hangs or grows without end costs one file."""

import collections
import contextlib
import time
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any

from brave_tf.errors import UserError
from brave_tf.preparation.file_limits import FileLimits, held_bytes
from brave_tf.preparation.jobs import Job, Outcome, ShardJob, SourceJob
from brave_tf.preparation.running_worker import RunningWorker, cannot_start, start_worker
from brave_tf.preparation.signals import ignored_signals

LOOK_SECONDS = 0.2
"""How often time and memory of the processes are looked at."""
LONGEST_LOOK_SECONDS = 5.0
"""More than that between two looks is not time that a file took: the command was stopped, with Ctrl-Z perhaps."""
MOST_FAILED_STARTS = 3
"""So many processes in a row may end before they are ready."""


class WorkerProcesses(contextlib.AbstractContextManager["WorkerProcesses"]):
    """Processes for `SourceJob` and `ShardJob`, started when there is something to do, and ended at once on leaving.

    A job whose process dies gets one more try, in a new process and with no other beside it: where memory runs out, it
    may have been the others. A file that took too long gets none: it would take as long again.

    Args:
        workers: how many, at most.
        limits: what the work on one file may take.
    """

    def __init__(self, workers: int, limits: FileLimits):
        self._most = workers
        self._limits = limits
        self._threads = 1
        self._failed_starts = 0
        self._workers: list[RunningWorker] = []
        self._suspects: collections.deque[Job] = collections.deque()
        self._looked = self._watched = time.monotonic()

    def __exit__(self, kind: Any, *details: Any) -> None:
        # A second Ctrl-C must not cut short the little that is left to do.
        with contextlib.nullcontext() if kind is None else ignored_signals():
            for worker in self._workers:
                worker.end("is not needed")
                worker.connection.close()
            for worker in self._workers:
                worker.cause_of_end()  # Nobody writes any more once this returns.

    @property
    def jobs(self) -> list[Job]:
        """The jobs that were handed out and are not done."""
        return [*(job for job, _ in self.shares()), *self._suspects]

    @property
    def has_room(self) -> bool:
        """Whether another job can be handed out."""
        alone = self._suspects or any(worker.is_last_try for worker in self._workers)
        return not alone and len(self.jobs) < self._most

    def start(self, job: Job) -> None:
        """Hands out a job.

        Raises:
            UserError: no process can be started.
        """
        self._hand_out(job, is_last_try=False)

    def set_threads(self, count: int) -> None:
        """Says how many cores there are for each process, from now on."""
        self._threads = max(count, 1)
        for worker in self._workers:
            if worker.job is not None:
                worker.set_threads(self._threads)

    def shares(self) -> Iterator[tuple[Job, float]]:
        """The jobs that run, with the share of each that is done."""
        for worker in self._workers:
            if worker.job is not None:
                yield worker.job, worker.share

    def wait(self) -> list[tuple[Job, Any]]:
        """Waits a moment; the jobs that are done or given up, with their results.

        Raises:
            UserError: one failed, or no process can be started.
        """
        if self._suspects and not any(self.shares()):
            # In a new process and alone: those that wait hold memory too.
            for worker in self._workers:
                worker.end("is not needed")
            self._hand_out(self._suspects.popleft(), is_last_try=True)
        ready = wait([worker.connection for worker in self._workers], LOOK_SECONDS)
        self._count_time()
        finished = [each for worker in list(self._workers) if worker.connection in ready for each in self._hear(worker)]
        if self._looked - self._watched >= LOOK_SECONDS:
            self._watched = self._looked
            for worker in self._workers:
                self._watch(worker)
        return finished

    def _hand_out(self, job: Job, is_last_try: bool) -> None:
        worker = next((each for each in self._workers if each.job is None and not each.verdict), None)
        if worker is None:
            worker = start_worker()
            self._workers.append(worker)
        worker.take(job, self._threads, is_last_try)

    def _count_time(self) -> None:
        before, self._looked = self._looked, time.monotonic()
        for worker in self._workers:
            if worker.number is not None and worker.job is not None:
                worker.seconds += min(self._looked - before, LONGEST_LOOK_SECONDS)

    def _hear(self, worker: RunningWorker) -> list[tuple[Job, Any]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        if message.kind == "failed":
            raise message.content
        if message.kind == "ready":
            worker.number, since = message.content
            worker.seconds = min(time.monotonic() - since, LONGEST_LOOK_SECONDS)
            self._failed_starts = 0
        elif message.kind == "share":
            worker.share = message.content
        elif worker.job is not None:
            job, worker.job, worker.is_last_try = worker.job, None, False
            return [(job, self._in_time(worker, job, message.content))]
        return []

    def _in_time(self, worker: RunningWorker, job: Job, result: Any) -> Any:
        """The result of a job, unless it comes too late."""
        if not self._is_late(worker, job) or result.reason is not None:
            return result
        _tidy(job)
        return Outcome([], self._limits.time_reason, remembered=True)

    def _is_late(self, worker: RunningWorker, job: Job) -> bool:
        return isinstance(job, SourceJob) and worker.seconds > self._limits.seconds

    def _watch(self, worker: RunningWorker) -> None:
        """Ends a process that takes too much of something; what becomes of its job is told when it has gone."""
        if not isinstance(worker.job, SourceJob) or worker.number is None or worker.verdict is not None:
            return
        if self._is_late(worker, worker.job):
            worker.end(self._limits.time_reason)
        elif held_bytes(worker.number) > self._limits.memory_bytes:
            worker.end(self._limits.memory_reason)

    def _bury(self, worker: RunningWorker) -> list[tuple[Job, Any]]:
        """What is done about the job of a process that has ended."""
        self._workers.remove(worker)
        worker.connection.close()
        cause = worker.cause_of_end()
        job = worker.job
        if worker.number is None:
            self._failed_starts += 1
            if self._failed_starts > MOST_FAILED_STARTS:
                raise cannot_start("it ended before it was ready")
        if job is None:
            return []
        if worker.number is None:  # It has not begun.
            self._hand_out(job, worker.is_last_try)
            return []
        _tidy(job)
        if self._is_late(worker, job):
            return [(job, Outcome([], self._limits.time_reason, remembered=True))]
        if not worker.is_last_try:
            self._suspects.append(job)
            return []
        if isinstance(job, ShardJob):
            raise UserError(
                f"{job.out / job.shard.name} cannot be written (its process ended twice: {cause}); "
                "run the same command again with fewer --workers"
            )
        reason = worker.verdict or f"ended the process that read it, twice ({cause})"
        return [(job, Outcome([], reason, remembered=True))]


def _tidy(job: Job) -> None:
    """Removes what a process that was ended may have left of a job."""
    if isinstance(job, SourceJob):
        job.piece.unlink(missing_ok=True)
