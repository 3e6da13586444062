"""Writing files so that a crash never leaves half of one, and directories that one process writes at a time."""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf.storage import RemotePath, copy_file, remove_tree, upload_tree

_UNFINISHED = ".unfinished"
"""In a folder on storage elsewhere, until all of it is there."""


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
    if isinstance(path, RemotePath):
        # There it appears when all of it is sent.
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return
    partial = partial_of(path)
    try:
        _write(partial, content)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_first(path: Path, content: str | bytes) -> bool:
    """Writes a complete new file where there is none; of several processes that do so at once, one does.

    Where there are no hard links, as on storage elsewhere, several may think that they did, and the last one's stays.

    Args:
        path: the file.
        content: text (written as UTF-8) or bytes.

    Returns:
        Whether this process wrote it.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    if isinstance(path, RemotePath):
        if path.exists():
            return False
        write_atomically(path, content)
        return True
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
def replaced(path: Path) -> Iterator[Path]:
    """For those who write a file by its name: one on this machine, which takes the place of `path` when it is whole.

    Args:
        path: the file.

    Yields:
        What to write to, with the same suffix.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory(prefix="brave_tf-") as folder:
            yield Path(folder, path.name)
            copy_file(Path(folder, path.name), path)
        return
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that gets its name when all of it is there; one elsewhere is made on this machine, and then sent.

    Args:
        path: the folder, which `is_taken` says is not taken.

    Yields:
        What to write to.

    Raises:
        OSError: the disk is full, or the place cannot be written.
    """
    if isinstance(path, RemotePath):
        with tempfile.TemporaryDirectory(prefix="brave_tf-") as here:
            yield Path(here)
            _send(Path(here), path)
        return
    made = [folder for folder in path.parents if not folder.exists()]
    partial = partial_of(path)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        if path.exists():
            path.rmdir()
        partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def is_taken(path: Path) -> bool:
    """Whether there is anything but an empty folder, or one that `is_unfinished`."""
    if not path.is_dir():
        return path.exists()
    return any(path.iterdir()) and not is_unfinished(path)


def is_unfinished(path: Path) -> bool:
    """Whether a folder on storage elsewhere was being sent when that was interrupted."""
    return isinstance(path, RemotePath) and (path / _UNFINISHED).exists()


def _send(folder: Path, path: RemotePath) -> None:
    if is_unfinished(path):
        remove_tree(path, missing_ok=True)
    path.mkdir(parents=True, exist_ok=True)
    (path / _UNFINISHED).write_text("")
    upload_tree(folder, path)
    (path / _UNFINISHED).unlink(missing_ok=True)


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
