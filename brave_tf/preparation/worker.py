"""What a worker process does: one job after the other, until the command that it works for closes the connection."""

import functools
import os
import queue
import threading
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any, Literal

from brave_tf.preparation.jobs import Job, Message, ShardJob, StreamedJob
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.shard_writer import write_shard
from brave_tf.preparation.source_writer import write_source

SHARE_SECONDS = 0.5
"""How often a worker tells how far it is."""
FIRST_TO_GO = 500
"""By how much, of 1000, the system rather ends a worker than the command when memory runs out."""


def work(connection: "Connection[Any, Any]") -> None:
    """Does the jobs that come through a connection, and ends the process when it is closed.

    A number that comes instead of a job is how many cores there are for this process from now on.
    """
    _Desk(connection).run()


class _Desk:
    def __init__(self, connection: "Connection[Any, Any]"):
        self._connection = connection
        self._jobs: queue.SimpleQueue[Job | StreamedJob] = queue.SimpleQueue()
        self._threads = 1
        self._told = 0.0

    def run(self) -> None:
        _go_first()
        threading.Thread(target=self._listen, daemon=True).start()
        self._tell("ready", (os.getpid(), time.monotonic()))
        while True:
            job = self._jobs.get()
            try:
                self._tell("done", self._do(job))
            except Exception as error:
                error.add_note(traceback.format_exc())  # Where it happened does not travel otherwise.
                self._tell("failed", error)

    def _listen(self) -> None:
        try:
            while True:
                received = self._connection.recv()
                if isinstance(received, int):
                    self._threads = received
                else:
                    self._jobs.put(received)
        except (EOFError, OSError):
            # At once, and whatever is under way: half a job is worth nothing.
            os._exit(0)

    def _do(self, job: Job | StreamedJob) -> Any:
        if isinstance(job, ShardJob):
            return write_shard(job)
        course = Course(threads=lambda: self._threads, report=self._report)
        if isinstance(job, StreamedJob):
            return job.do(course, functools.partial(self._tell, "piece"))
        return write_source(job, course)

    def _report(self, share: float) -> None:
        now = time.monotonic()
        if now - self._told >= SHARE_SECONDS:
            self._told = now
            self._tell("share", share)

    def _tell(self, kind: Literal["ready", "share", "piece", "done", "failed"], content: Any) -> None:
        try:
            self._connection.send(Message(kind, content))
        except OSError:  # nobody listens any more
            os._exit(0)


def _go_first() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(FIRST_TO_GO))
    except OSError:
        pass  # not Linux, or already more
