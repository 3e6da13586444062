"""A worker process as the command sees it."""

import contextlib
import dataclasses
import os
import signal
from multiprocessing.connection import Connection
from typing import Any

from brave_tf.errors import UserError, reason_of
from brave_tf.preparation.jobs import Job
from brave_tf.preparation.worker_server import WorkerServer, running_server


@dataclasses.dataclass(eq=False)
class RunningWorker:
    """A worker process, from its start until it is seen to have ended.

    Attributes:
        server: of which it is a copy.
        connection: to the process.
        number: of the process; None until it says that it is ready.
        threads: how many cores it was told that there are for it.
        job: what it does; None if it waits.
        is_last_try: whether the job ended another worker before, and this one is alone with it.
        share: how much of the job is done, 0 to 1.
        seconds: that the job has taken so far.
        verdict: why it was ended, if it was.
    """

    server: WorkerServer
    connection: "Connection[Any, Any]"
    number: int | None = None
    threads: int = 1
    job: Job | None = None
    is_last_try: bool = False
    share: float = 0.0
    seconds: float = 0.0
    verdict: str | None = None

    def take(self, job: Job, threads: int, is_last_try: bool) -> None:
        """Gives it something to do."""
        self.job, self.is_last_try, self.share, self.seconds = job, is_last_try, 0.0, 0.0
        self.set_threads(threads)
        self._send(job)

    def set_threads(self, count: int) -> None:
        """Says how many cores there are for it, from now on."""
        if self.threads != count:
            self.threads = count
            self._send(count)

    def end(self, verdict: str) -> None:
        """Ends it; that it has ended is seen when the connection is closed at its other end."""
        self.verdict = self.verdict or verdict
        # It may be ready, and at work, without having been heard; that it is ready is the first thing that it says.
        with contextlib.suppress(EOFError, OSError):
            if self.number is None and self.connection.poll():
                self.number, _ = self.connection.recv().content
        # Its number is nobody else's until the server has told how it ended.
        if self.number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.number, signal.SIGKILL)

    def cause_of_end(self) -> str:
        """How it ended, in words; waits until it has, and can be asked once."""
        status = None if self.number is None else self.server.status_of(self.number)
        if status == -signal.SIGKILL:
            return "killed, out of memory?"
        if status is not None and status < 0:
            return f"it crashed, {signal.Signals(-status).name}"
        return f"exit status {'unknown' if status is None else status}"

    def _send(self, message: Job | int) -> None:
        # One that has gone is noticed, and its job taken back, when somebody listens to it.
        with contextlib.suppress(OSError):
            self.connection.send(message)


def start_worker() -> RunningWorker:
    """Starts a worker process, and does not wait for it.

    Raises:
        UserError: no process can be started.
    """
    try:
        server = running_server()
        return RunningWorker(server, server.start_worker())
    except OSError as error:
        raise cannot_start(reason_of(error)) from None


def cannot_start(reason: str) -> UserError:
    """What is said when there can be no worker processes."""
    return UserError(
        f"a worker process could not be started ({reason}); "
        "try it without one: --workers 0, where a file that hangs or crashes takes the command with it"
    )
