"""Files elsewhere as Python's file objects: read piece by piece, and written as a whole."""

import errno
import io
import os
import stat
import tempfile
from typing import Any, cast

from brave_tf.storage import gfile
from brave_tf.storage.patience import patiently, system_error

_PIECE_BYTES = 2**25


class Reader(io.RawIOBase):
    """A file elsewhere, read piece by piece at any place."""

    def __init__(self, path: str, files: Any, state: os.stat_result):
        if stat.S_ISDIR(state.st_mode):
            raise system_error(errno.EISDIR, "", path)
        self._path, self._files, self._size, self._place = path, files, state.st_size, 0

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See `io.RawIOBase`."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See `io.RawIOBase`."""
        self._place = max(offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence], 0)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        if self._place >= self._size:
            return 0
        content = patiently(self._files.read, self._path, self._place, len(buffer), about=self._path)
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def readall(self) -> bytes:
        """See `io.RawIOBase`."""
        content = bytearray()
        while self._place < self._size:
            piece = patiently(self._files.read, self._path, self._place, _PIECE_BYTES, about=self._path)
            if not piece:
                break
            self._place += len(piece)
            content += piece
        return bytes(content)


class Writer(io.BufferedIOBase):
    """What is written is kept here and goes to its place, as a whole, when the file is closed."""

    def __init__(self, path: str, append: bool):
        self._path, self._append = path, append
        self._content = tempfile.TemporaryFile()  # noqa: SIM115

    def writable(self) -> bool:
        """See `io.BufferedIOBase`."""
        return True

    def seekable(self) -> bool:
        """See `io.BufferedIOBase`."""
        return False

    def write(self, data: Any) -> int:
        """See `io.BufferedIOBase`."""
        return self._content.write(data)

    def tell(self) -> int:
        """See `io.BufferedIOBase`."""
        return self._content.tell()

    def close(self) -> None:
        """See `io.BufferedIOBase`."""
        if self.closed:
            return
        super().close()
        with self._content as content:
            content.flush()
            size = os.fstat(content.fileno()).st_size
            patiently(_write, self._path, content, self._append, about=self._path, moved_bytes=size)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            self.forget()
        self.close()

    def forget(self) -> None:
        """Sends nothing: half of a file is worse than none."""
        super().close()
        self._content.close()


class TextWriter(io.TextIOWrapper):
    """`Writer` for text."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None:
            cast(Writer, self.buffer).forget()
        else:
            self.close()


def _write(path: str, content: Any, append: bool) -> None:
    # Its own, as a request that stalled may go on when the file is closed here.
    descriptor = os.dup(content.fileno())
    try:
        gfile.write(path, descriptor, append)
    finally:
        os.close(descriptor)
