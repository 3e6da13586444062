"""Writing files so that a crash never leaves half of one, and directories that one process writes at a time."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def partial_of(path: Path) -> Path:
    """Where a file or folder is written that gets its name when it is complete."""
    return path.with_name(f".{path.name}.partial")


def is_partial(path: Path) -> bool:
    """Whether something is what a killed process left unfinished; the next one that writes it begins anew."""
    return path.name.startswith(".") and path.name.endswith(".partial")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replaces `path` by a complete new file, or leaves it as it was.

    Args:
        path: the file.
        content: text (written as UTF-8) or bytes.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    partial = partial_of(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Writes JSON with `write_atomically`."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock of a file, which ends with the process however it ends.

    Args:
        path: a file for the lock alone; created when absent.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the file cannot be written.
    """
    with open(path, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
