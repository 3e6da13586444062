"""Whole files and folders from one place to another, here or elsewhere."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from brave_tf.storage import gfile
from brave_tf.storage.path import RemotePath
from brave_tf.storage.patience import patiently

_PIECE_BYTES = 2**23


def copy_file(source: Path, target: Path) -> None:
    """Copies a file from anywhere to anywhere.

    Raises:
        OSError: it cannot be read or written.
    """
    with source.open("rb") as stream, target.open("wb") as written:
        shutil.copyfileobj(stream, written, _PIECE_BYTES)


@contextlib.contextmanager
def local_copy(path: Path) -> Iterator[Path]:
    """A file or folder for those who read this machine's files only; a copy of one elsewhere is removed afterwards.

    Raises:
        OSError: it cannot be read, or there is no space for the copy.
    """
    if not isinstance(path, RemotePath):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="brave_tf-") as folder:
        copy = Path(folder) / path.name
        _copy_tree(path, copy)
        yield copy


def upload_tree(source: Path, target: Path) -> None:
    """Copies a folder with everything in it, or a file.

    Raises:
        OSError: it cannot be read or written.
    """
    _copy_tree(source, target)


def _copy_tree(source: Path, target: Path) -> None:
    if not source.is_dir():
        copy_file(source, target)
        return
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        _copy_tree(entry, target / entry.name)


def remove_tree(path: Path, missing_ok: bool = False) -> None:
    """Removes a folder with everything in it.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        if isinstance(path, RemotePath):
            patiently(gfile.remove_tree, str(path), about=str(path))
        else:
            shutil.rmtree(path)
    except FileNotFoundError:
        if not missing_ok:
            raise
