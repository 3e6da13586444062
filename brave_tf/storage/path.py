"""Paths of files that are not on this machine, with what `pathlib.Path` can do."""

import errno
import fnmatch
import io
import os
import pathlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError
from brave_tf.storage import fsspec_files, gfile
from brave_tf.storage.patience import patiently, system_error
from brave_tf.storage.streams import Reader, TextWriter, Writer

_REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUFFER_BYTES = 2**20


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Whether a path names storage elsewhere, such as `gs://bucket/folder`."""
    return _REMOTE.match(os.fspath(path)) is not None


def as_path(path: str | os.PathLike[str]) -> Path:
    """A path here as `pathlib.Path`, one elsewhere as `RemotePath`.

    Raises:
        UserError: TensorFlow does not know that kind of storage.
    """
    scheme = _scheme(path)
    if scheme is None:
        return Path(path)
    if scheme not in gfile.schemes():
        known = ", ".join(f"{name}://" for name in gfile.schemes() if name != "file")
        raise UserError(
            f"{os.fspath(path)} is on a kind of storage that is not known here; expected a path, or one of {known}"
        )
    return RemotePath(os.fspath(path))


def as_source(path: str | os.PathLike[str]) -> Path:
    """The same for what is only read, file by file: also on storage that `fsspec` knows, such as `s3://` or `hf://`.

    Raises:
        UserError: nothing here knows that kind of storage.
    """
    scheme = _scheme(path)
    if scheme is None:
        return Path(path)
    if scheme not in gfile.schemes():
        fsspec_files.check_scheme(scheme, os.fspath(path))
    return RemotePath(os.fspath(path))


def _scheme(path: str | os.PathLike[str]) -> str | None:
    found = _REMOTE.match(os.fspath(path))
    return None if found is None else found[1]


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

    @property
    def _files(self) -> Any:
        """Who reads and writes it: TensorFlow wherever it can."""
        return gfile if _scheme(self) in gfile.schemes() else fsspec_files

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
        return patiently(self._files.exists, str(self), about=str(self))

    def is_dir(self, **_: Any) -> bool:
        """Whether there is a folder."""
        return patiently(self._files.is_folder, str(self), about=str(self))

    def is_file(self, **_: Any) -> bool:
        """Whether there is a file."""
        try:
            return stat.S_ISREG(self.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def is_symlink(self) -> bool:
        """Never."""
        return False

    def stat(self, **_: Any) -> os.stat_result:
        """Size, time of the last change, and kind; everything else is zero."""
        size, changed, is_folder = patiently(self._files.state, str(self), about=str(self))
        kind = stat.S_IFDIR if is_folder else stat.S_IFREG
        seconds = changed // 10**9
        return os.stat_result((kind | 0o644, 0, 0, 1, 0, 0, size, seconds, seconds, seconds), {"st_mtime_ns": changed})

    def iterdir(self) -> Iterator["RemotePath"]:  # type: ignore[override]
        """What is in a folder."""
        for name, _ in patiently(self._files.entries, str(self), about=str(self)):
            yield self / name

    def entries(self) -> Iterator[tuple[str, bool]]:
        """The names in a folder, and of each whether it is a folder itself."""
        for name, is_folder in patiently(self._files.entries, str(self), about=str(self)):
            yield name, (self / name).is_dir() if is_folder is None else is_folder

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
        patiently(self._files.make_folder, str(self), about=str(self))

    def unlink(self, missing_ok: bool = False) -> None:
        """Removes a file."""
        try:
            patiently(self._files.remove, str(self), about=str(self))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def rmdir(self) -> None:
        """Removes a folder that is empty."""
        if any(True for _ in self.iterdir()):
            raise system_error(errno.ENOTEMPTY, "", str(self))
        patiently(self._files.remove_tree, str(self), about=str(self))

    def rename(self, target: str | os.PathLike[str]) -> "RemotePath":
        """Moves a file or a folder; a file in its place is replaced."""
        patiently(self._files.move, str(self), os.fspath(target), about=str(self))
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
        """Opens the file to read ("r"), to write ("w") or to add to ("a"), as text or bytes ("b").

        With `buffering`, so many bytes are read at a time.
        """
        kind = mode.replace("b", "").replace("t", "")
        if kind not in ("r", "w", "a"):
            raise ValueError(f"received the mode {mode!r}; expected r, w or a, with or without b")
        text: dict[str, Any] = {"encoding": encoding or "utf-8", "errors": errors, "newline": newline}
        if kind == "r":
            reader = io.BufferedReader(Reader(str(self), self._files, self.stat()), max(buffering, _BUFFER_BYTES))
            return reader if "b" in mode else io.TextIOWrapper(reader, **text)
        writer: Any = Writer(str(self), append=kind == "a")
        return writer if "b" in mode else TextWriter(writer, **text)

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
