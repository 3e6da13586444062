"""Paths of files that are not on this machine, with what `pathlib.Path` can do."""

import errno
import fnmatch
import io
import os
import pathlib
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError
from brave_tf.storage import gfile
from brave_tf.storage.patience import patiently, system_error

_REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUFFER_BYTES = 2**20
_MEMORY_BYTES = 2**25


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path names storage elsewhere, such as `gs://bucket/folder`."""
    return _REMOTE.match(os.fspath(path)) is not None


def as_path(path: str | os.PathLike[str]) -> Path:
    """A path here as `pathlib.Path`, one elsewhere as `RemotePath`.

    Raises:
        UserError: nothing here knows that kind of storage.
    """
    if isinstance(path, Path):
        return path
    found = _REMOTE.match(os.fspath(path))
    if found is None:
        return Path(path)
    if found[1] not in gfile.schemes():
        known = ", ".join(f"{scheme}://" for scheme in gfile.schemes() if scheme != "file")
        raise UserError(
            f"{os.fspath(path)} is on a kind of storage that is not known here; expected a path or one of {known}"
        )
    return RemotePath(os.fspath(path))


class RemotePath(pathlib.PosixPath):
    """A path such as `gs://bucket/folder/file`, used like a `pathlib.Path`.

    What fails raises `OSError` as for a file here. A request that fails for a while is repeated, see
    `brave_tf.storage.patience`. There is no current folder, no link and no lock there. A file that is written is there
    when it is closed, and not before.
    """

    def __str__(self) -> str:
        return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*):/*", r"\1://", super().__str__())

    def __fspath__(self) -> str:
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self),)

    def is_absolute(self) -> bool:
        """Always: there is nothing that it could be relative to."""
        return True

    def absolute(self) -> "RemotePath":
        """The path itself."""
        return self

    def resolve(self, strict: bool = False) -> "RemotePath":
        """The path itself: there are no links."""
        return self

    def exists(self, **_: Any) -> bool:
        """Whether there is a file or a folder."""
        return patiently(gfile.exists, str(self), about=str(self))

    def is_dir(self, **_: Any) -> bool:
        """Whether there is a folder."""
        return patiently(gfile.is_folder, str(self), about=str(self))

    def is_file(self, **_: Any) -> bool:
        """Whether there is a file."""
        return self.exists() and not self.is_dir()

    def is_symlink(self) -> bool:
        """Never."""
        return False

    def stat(self, **_: Any) -> os.stat_result:
        """Size, time of the last change, and kind; everything else is zero."""
        size, changed, is_folder = patiently(gfile.state, str(self), about=str(self))
        kind = stat.S_IFDIR if is_folder else stat.S_IFREG
        seconds = changed // 10**9
        return os.stat_result((kind | 0o644, 0, 0, 1, 0, 0, size, seconds, seconds, seconds), {"st_mtime_ns": changed})

    def iterdir(self) -> Iterator["RemotePath"]:  # type: ignore[override]
        """What is in a folder."""
        for name in patiently(gfile.names, str(self), about=str(self)):
            yield self / name

    def glob(self, pattern: str, **_: Any) -> Iterator["RemotePath"]:  # type: ignore[override]
        """What in a folder fits a pattern for one name."""
        if "/" in pattern or "**" in pattern:
            raise NotImplementedError(f"received the pattern {pattern!r}; expected one for a single name")
        entries = self.iterdir() if self.is_dir() else iter(())
        return (entry for entry in entries if fnmatch.fnmatchcase(entry.name, pattern))

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Makes a folder, with those above it."""
        if not exist_ok and self.exists():
            raise system_error(errno.EEXIST, "", str(self))
        patiently(gfile.make_folder, str(self), about=str(self))

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes a file."""
        try:
            patiently(gfile.remove, str(self), about=str(self))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmdir(self) -> None:
        """Removes a folder that is empty."""
        if any(True for _ in self.iterdir()):
            raise system_error(errno.ENOTEMPTY, "", str(self))
        patiently(gfile.remove_tree, str(self), about=str(self))

    def rename(self, target: str | os.PathLike[str]) -> "RemotePath":
        """Moves a file or a folder; a file in its place is replaced."""
        patiently(gfile.move, str(self), os.fspath(target), about=str(self))
        return RemotePath(os.fspath(target))

    replace = rename

    def open(
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> Any:
        """Opens the file to read ("r"), to write ("w") or to add to ("a"), as text or bytes ("b")."""
        kind = mode.replace("b", "").replace("t", "")
        if kind not in ("r", "w", "a"):
            raise ValueError(f"received the mode {mode!r}; expected r, w or a, with or without b")
        stream: Any
        if kind == "r":
            stream = io.BufferedReader(_Reader(str(self), self.stat()), _BUFFER_BYTES)
        else:
            stream = _Writer(str(self), append=kind == "a")
        return stream if "b" in mode else io.TextIOWrapper(stream, encoding or "utf-8", errors, newline)

    def read_bytes(self) -> bytes:
        """The whole content."""
        with self.open("rb") as file:
            content: bytes = file.read()
            return content

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        """The whole content as text."""
        with self.open("r", encoding=encoding, errors=errors, newline=newline) as file:
            content: str = file.read()
            return content

    def write_bytes(self, data: Any) -> int:
        """Writes the whole content."""
        with self.open("wb") as file:
            written: int = file.write(data)
            return written

    def write_text(
        self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None
    ) -> int:
        """Writes the whole content as text."""
        with self.open("w", encoding=encoding, errors=errors, newline=newline) as file:
            written: int = file.write(data)
            return written


class _Reader(io.RawIOBase):
    """A file elsewhere, read piece by piece at any place."""

    def __init__(self, path: str, state: os.stat_result):
        if stat.S_ISDIR(state.st_mode):
            raise system_error(errno.EISDIR, "", path)
        self._path, self._size, self._place = path, state.st_size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = max(offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence], 0)
        return self._place

    def readinto(self, buffer: Any) -> int:
        if self._place >= self._size:
            return 0
        content = patiently(gfile.read, self._path, self._place, len(buffer), about=self._path)
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def readall(self) -> bytes:
        content = bytearray()
        while self._place < self._size:
            piece = patiently(gfile.read, self._path, self._place, _MEMORY_BYTES, about=self._path)
            if not piece:
                break
            self._place += len(piece)
            content += piece
        return bytes(content)


class _Writer(io.BufferedIOBase):
    """What is written is kept here and goes to its place, as a whole, when the file is closed."""

    def __init__(self, path: str, append: bool):
        self._path, self._append = path, append
        self._content = tempfile.TemporaryFile()  # noqa: SIM115

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        return self._content.write(data)

    def tell(self) -> int:
        return self._content.tell()

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        with self._content as content:
            content.flush()
            patiently(_write, self._path, content, self._append, about=self._path)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.close()
        else:
            # Half of a file is worse than none.
            super().close()
            self._content.close()


def _write(path: str, content: Any, append: bool) -> None:
    # Its own, as a request that stalled may go on when the file is closed here.
    descriptor = os.dup(content.fileno())
    try:
        gfile.write(path, descriptor, append)
    finally:
        os.close(descriptor)
