"""Writing files so that a crash never leaves half of one, and directories that one process writes at a time."""

import contextlib
import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces `path` by a complete new file, or leaves it as it was.

    Args:
        path: the file.
        content: text (written as UTF-8) or bytes.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write(partial, content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_first(path: Path, content: str | bytes) -> bool:
    """Writes a complete new file where there is none; of several processes that do so at once, one does.

    Where the file system has no hard links, several may think that they did, and the content of the last one stays.

    Args:
        path: the file.
        content: text (written as UTF-8) or bytes.

    Returns:
        Whether this process wrote it.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        _write(partial, content)
        try:
            os.link(partial, path)
        except FileExistsError:
            return False
        except OSError:
            os.replace(partial, path)
        return True
    finally:
        partial.unlink(missing_ok=True)


def _write(path: Path, content: str | bytes) -> None:
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, content: Any) -> None:
    """Writes JSON with `write_atomically`."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Holds the lock of a file, which ends with the process however it ends.

    Args:
        path: a file for the lock alone; created when absent.
        shared: whether others may hold it in the same way at the same time.

    Raises:
        BlockingIOError: another process holds it, and not in that way.
        OSError: the file cannot be written.
    """
    # NFS wants to be allowed to read what is locked for several, and to write what is locked for one.
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        yield
