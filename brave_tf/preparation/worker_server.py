"""The process that all workers are copies of, which loads what they need while the command itself still loads.

Not that of `multiprocessing`: its workers run the script of the user again, and locks of its pools need shared memory
of the system. A worker here has nothing but a connection.
"""

import atexit
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import socket
import struct
import subprocess
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from typing import Any

from brave_tf.preparation.signals import without_signals

ANSWER_SECONDS = 1.0
"""How long the server may take to tell how a process ended that has ended."""

_NUMBER = struct.Struct("!i")
"""What is asked for: 0 for a new worker, or the number of a process that has ended; and the answer, how it ended."""

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY)
"""How a folder is opened to go there; on Linux that needs no permission to list it."""


class WorkerServer:
    """A process that splits off a copy of itself for each worker; a new worker costs nothing."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        # The same modules as here, wherever they were found.
        path = [str(entry) for entry in sys.path]
        code = f"import sys; sys.path[:] = {path!r}; from {__name__} import serve; serve({theirs.fileno()})"
        names = ["-X", "utf8"] if sys.flags.utf8_mode else []
        with contextlib.ExitStack() as undo, theirs, without_signals():
            undo.enter_context(self._socket)
            self._process = subprocess.Popen(
                [sys.executable, *names, "-c", code], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
            undo.pop_all()
        atexit.register(self.stop)

    @property
    def runs(self) -> bool:
        """Whether it can be asked for workers."""
        return self._process.poll() is None

    def start_worker(self) -> "Connection[Any, Any]":
        """A connection to a new worker, see `brave_tf.preparation.worker.work`; does not wait for it.

        The worker is in the working directory that this process is in now, which may have changed since the server was
        started.

        Raises:
            OSError: there is no server any more, or no working directory.
        """
        ours, theirs = multiprocessing.Pipe()
        with theirs, self._lock:
            folder = os.open(os.curdir, _FOLDER)
            try:
                socket.send_fds(self._socket, [_NUMBER.pack(0)], [theirs.fileno(), folder])
            finally:
                os.close(folder)
        return ours

    def status_of(self, process: int) -> int | None:
        """How a worker that has ended did so: its exit status, or minus the signal's number; None if nobody knows."""
        with self._lock, contextlib.suppress(OSError, struct.error):
            self._socket.sendall(_NUMBER.pack(process))
            if multiprocessing.connection.wait([self._socket], ANSWER_SECONDS):
                return int(_NUMBER.unpack(self._socket.recv(_NUMBER.size))[0])
        # A late answer would be taken for that to another question.
        self.stop()
        return None

    def stop(self) -> None:
        """Ends it; nothing that it does is worth waiting for."""
        if self._owner != os.getpid():  # a copy of the process that started it
            return
        atexit.unregister(self.stop)
        self._socket.close()
        self._process.kill()
        self._process.wait()


_servers: dict[int, WorkerServer] = {}
"""The server of this process, by its number: a copy of the process must not use it."""


def running_server() -> WorkerServer:
    """The server of this process, which is started unless it runs.

    Raises:
        OSError: it cannot be started.
    """
    server = _servers.get(os.getpid())
    if server is not None and not server.runs:
        server.stop()  # It has ended by itself; what is left of it goes.
        server = None
    if server is None:
        server = _servers[os.getpid()] = WorkerServer()
    return server


def serve(descriptor: int) -> None:
    """What the server does, until the other end of its socket is closed."""
    from brave_tf.preparation.worker import work

    with socket.socket(fileno=descriptor) as requests:
        while True:
            request, descriptors, _, _ = socket.recv_fds(requests, _NUMBER.size, 2)
            if not request:
                return
            (process,) = _NUMBER.unpack(request)
            if process:
                requests.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])))
            elif os.fork() == 0:
                try:
                    requests.close()
                    os.fchdir(descriptors[1])
                    os.close(descriptors[1])
                    work(Connection(descriptors[0]))
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(1)
            else:
                for descriptor in descriptors:
                    os.close(descriptor)
