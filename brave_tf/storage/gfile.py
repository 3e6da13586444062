"""File systems that TensorFlow knows: Google Cloud Storage, HDFS, memory, and what its plug-ins add."""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

from brave_tf.errors import reason_of
from brave_tf.storage.patience import PassingError, system_error

_PIECE_BYTES = 2**23


def schemes() -> list[str]:
    """What the names of its file systems begin with, without `://`."""
    import tensorflow as tf

    return [scheme for scheme in tf.io.gfile.get_registered_schemes() if scheme]


def exists(path: str) -> bool:
    """Whether there is a file or a folder."""
    with _as_system_errors(path):
        return bool(_gfile().exists(path))


def is_folder(path: str) -> bool:
    """Whether there is a folder."""
    with _as_system_errors(path):
        return bool(_gfile().isdir(path))


def names(path: str) -> list[str]:
    """The names in a folder."""
    with _as_system_errors(path):
        # Some file systems mark folders in their answers.
        return [name.rstrip("/") for name in _gfile().listdir(path)]


def state(path: str) -> tuple[int, int, bool]:
    """Bytes, time of the last change in nanoseconds, and whether it is a folder."""
    with _as_system_errors(path):
        found = _gfile().stat(path)
        return int(found.length), int(found.mtime_nsec), bool(found.is_directory)


def make_folder(path: str) -> None:
    """Makes a folder with those above it, or leaves it as it is."""
    with _as_system_errors(path):
        _gfile().makedirs(path)


def read(path: str, start: int, count: int) -> bytes:
    """Up to `count` bytes from byte `start` on."""
    with _as_system_errors(path), _gfile().GFile(path, "rb") as file:
        file.seek(start)
        return bytes(file.read(count))


def write(path: str, descriptor: int, append: bool = False) -> None:
    """Writes the content of a file that is open here, whatever its place, or adds it to the end."""
    place = 0
    with _as_system_errors(path), _gfile().GFile(path, "ab" if append else "wb") as file:
        while piece := os.pread(descriptor, _PIECE_BYTES, place):
            file.write(piece)
            place += len(piece)


def remove(path: str) -> None:
    """Removes a file."""
    with _as_system_errors(path):
        _gfile().remove(path)


def remove_tree(path: str) -> None:
    """Removes a folder with everything in it."""
    with _as_system_errors(path):
        _gfile().rmtree(path)


def move(path: str, target: str) -> None:
    """Renames a file or a folder; a file in its place is replaced."""
    with _as_system_errors(path):
        _gfile().rename(path, target, overwrite=True)


def _gfile() -> Any:
    import tensorflow as tf

    return tf.io.gfile


@contextlib.contextmanager
def _as_system_errors(path: str) -> Iterator[None]:
    import tensorflow as tf

    errors = tf.errors
    try:
        yield
    except (errors.UnavailableError, errors.DeadlineExceededError, errors.AbortedError, errors.InternalError) as error:
        raise PassingError(errno.EIO, reason_of(error), path) from None
    except errors.OpError as error:
        raise system_error(_NUMBERS.get(type(error).__name__, errno.EIO), reason_of(error), path) from None


_NUMBERS = {
    "NotFoundError": errno.ENOENT,
    "AlreadyExistsError": errno.EEXIST,
    "PermissionDeniedError": errno.EACCES,
    "UnauthenticatedError": errno.EACCES,
    "ResourceExhaustedError": errno.ENOSPC,
    "UnimplementedError": errno.ENOSYS,
}
