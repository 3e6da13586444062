"""Whose a folder is, on storage that has no locks: whoever came last, and the others notice."""

import datetime
import os
import socket
import uuid

from brave_tf.errors import UserError, one_line
from brave_tf.storage import RemotePath


class Ownership:
    """The folder of a run elsewhere, taken by this process.

    A lock that a killed process left behind would keep out the one that goes on. So each process that comes writes its
    name into a file, and looks whether it is still there before it writes anything else.

    Args:
        path: the file for the name alone.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: RemotePath):
        began = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._path = path
        self._name = f"process {os.getpid()} on {socket.gethostname()}, since {began} ({uuid.uuid4()})"
        path.write_text(self._name)

    def check(self) -> None:
        """Looks whether another process has come.

        Raises:
            UserError: one has; this one should end.
            OSError: the file cannot be read.
        """
        try:
            name = self._path.read_text(errors="replace")
        except FileNotFoundError:
            name = "nobody"
        if name != self._name:
            raise UserError(
                f"{self._path.parent} was taken over by {one_line(name)}; expected one process for each run: this one "
                "ends and leaves it as it is; choose another --run for a second one"
            )
