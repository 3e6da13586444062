"""Decodes media in processes of their own, several files at a time: one that hangs, crashes or grows costs its file."""

import collections
import dataclasses
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any

from brave_tf.embedding.jobs import MediaJob
from brave_tf.embedding.windows import Window
from brave_tf.preparation.fetched_sources import FetchedSources, fetched_sources
from brave_tf.preparation.file_limits import FileLimits, held_bytes
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.running_worker import RunningWorker, cannot_start, start_worker
from brave_tf.preparation.worker_processes import LONGEST_LOOK_SECONDS, LOOK_SECONDS, MOST_FAILED_STARTS

MOST_SILENT_SECONDS = 600.0
"""A process that gives no sign of life for so long, though somebody listens, hangs."""

Event = tuple[int, Window | Outcome | float]
"""The number of a file, with its next window, with what became of it, or with the share of it that is read."""


def decoded_in_processes(
    jobs: Iterable[MediaJob], workers: int, most_silent_seconds: float | None = None
) -> Generator[Event | None, None, None]:
    """Does jobs in so many processes, and yields what they give.

    A job whose process dies gets one more try, in a new process and with no other beside it. Windows of a file come in
    order, and each once; those of several files are mixed.

    Args:
        jobs: files that are elsewhere are copied to this machine while others are decoded.
        workers: processes.
        most_silent_seconds: by default `MOST_SILENT_SECONDS`.

    Yields:
        Events, or None after a while without one.

    Raises:
        UserError: no process can be started, or storage elsewhere does not answer.
    """
    todo = list(jobs)
    with fetched_sources((job.source for job in todo), workers) as fetched:
        pool = _Pool(todo, workers, fetched, most_silent_seconds or MOST_SILENT_SECONDS)
        try:
            yield from pool.events()
        finally:
            pool.end()


@dataclasses.dataclass(eq=False)
class _Decoder:
    """A process, and how many windows of its job it has given.

    One that hung gets no second try: it would take as long again.
    """

    worker: RunningWorker
    job: MediaJob | None = None
    given: int = 0
    is_hung: bool = False


class _Pool:
    def __init__(
        self, jobs: Iterable[MediaJob], workers: int, fetched: "FetchedSources[MediaJob]", most_silent_seconds: float
    ):
        self._waiting = collections.deque(jobs)
        self._most, self._fetched = workers, fetched
        self._limits = FileLimits(most_silent_seconds)
        self._decoders: list[_Decoder] = []
        self._suspects: collections.deque[MediaJob] = collections.deque()
        self._failed_starts = 0
        self._looked = self._watched = time.monotonic()

    def events(self) -> Iterator[Event | None]:
        while True:
            yield from self._hand_out()
            if not any(decoder.job for decoder in self._decoders) and not len(self._fetched) and not self._suspects:
                return
            ready = wait([decoder.worker.connection for decoder in self._decoders], LOOK_SECONDS)
            self._count_silence(ready)
            for decoder in [each for each in self._decoders if each.worker.connection in ready]:
                yield from self._hear(decoder)
            yield None
            if self._looked - self._watched >= LOOK_SECONDS:
                self._watched = self._looked
                self._watch()

    def end(self) -> None:
        """Ends all processes at once."""
        for decoder in self._decoders:
            decoder.worker.end("is not needed")
            decoder.worker.connection.close()
        for decoder in self._decoders:
            decoder.worker.cause_of_end()

    def _hand_out(self) -> Iterator[Event]:
        busy = sum(decoder.job is not None for decoder in self._decoders)
        if self._suspects:
            if not busy:
                self.end()
                self._decoders = []
                self._start(self._suspects.popleft(), is_last_try=True)
            return
        if any(decoder.worker.is_last_try for decoder in self._decoders):
            return
        while self._waiting and self._fetched.has_room:
            self._fetched.add(self._waiting.popleft())
        while busy < self._most and (found := self._fetched.next(wait=not busy)):
            job, outcome = found
            if outcome is None:
                self._start(job, is_last_try=False)
                busy += 1
            else:
                yield job.number, outcome
            while self._waiting and self._fetched.has_room:
                self._fetched.add(self._waiting.popleft())

    def _start(self, job: MediaJob, is_last_try: bool) -> None:
        decoder = next((each for each in self._decoders if each.job is None and not each.worker.verdict), None)
        if decoder is None:
            decoder = _Decoder(start_worker())
            self._decoders.append(decoder)
        decoder.job, decoder.given = job, 0
        streamed: Any = job
        decoder.worker.take(streamed, 1, is_last_try)

    def _hear(self, decoder: _Decoder) -> Iterator[Event]:
        worker, job = decoder.worker, decoder.job
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._bury(decoder)
            return
        if message.kind == "failed":
            raise message.content
        if message.kind == "ready":
            worker.number, _ = message.content
            self._failed_starts = 0
        elif job is not None and message.kind == "done":
            decoder.job, worker.job, worker.is_last_try = None, None, False
            self._fetched.release(job)
            yield job.number, message.content
        elif job is not None:
            decoder.given += message.kind == "piece"
            yield job.number, message.content

    def _count_silence(self, ready: Sequence[Any]) -> None:
        """Counts the time of those who have given nothing since they were last looked at, though there was room."""
        before, self._looked = self._looked, time.monotonic()
        for decoder in self._decoders:
            worker = decoder.worker
            is_silent = worker.connection not in ready and worker.number is not None
            worker.seconds = worker.seconds + min(self._looked - before, LONGEST_LOOK_SECONDS) if is_silent else 0.0

    def _watch(self) -> None:
        for decoder in self._decoders:
            worker = decoder.worker
            if decoder.job is None or worker.number is None or worker.verdict:
                continue
            if worker.seconds > self._limits.seconds:
                decoder.is_hung = True
                worker.end(f"gave nothing for {self._limits.seconds:g} s")
            elif held_bytes(worker.number) > self._limits.memory_bytes:
                worker.end(self._limits.memory_reason)

    def _bury(self, decoder: _Decoder) -> Iterator[Event]:
        """What is done about the job of a process that has ended."""
        self._decoders.remove(decoder)
        worker, job = decoder.worker, decoder.job
        worker.connection.close()
        cause = worker.cause_of_end()
        if worker.number is None:
            self._failed_starts += 1
            if self._failed_starts > MOST_FAILED_STARTS:
                raise cannot_start("it ended before it was ready")
        if job is None:
            return
        if worker.number is None:  # It has not begun.
            self._start(job, worker.is_last_try)
        elif worker.is_last_try or decoder.is_hung:
            self._fetched.release(job)
            reason = worker.verdict or f"ended the process that read it, twice ({cause})"
            yield job.number, Outcome([], reason)
        else:
            # What it has given counts: the same windows come again, in the same order.
            self._suspects.append(dataclasses.replace(job, skip=job.skip + decoder.given))
