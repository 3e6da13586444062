"""Files on storage that TensorFlow does not know and `fsspec` does, such as S3 and the Hugging Face Hub; to be read."""

import contextlib
import errno
import importlib
from collections.abc import Iterator
from typing import Any

from brave_tf.errors import UserError, reason_of
from brave_tf.storage.patience import PassingError, system_error

EXTRA = "storage"
_REFUSED = ("http", "https", "file", "local")
"""Kinds that `fsspec` knows and that are not read: what a web server sends is no folder, and the others are here."""


def check_scheme(scheme: str, path: str) -> None:
    """Raises `UserError` if `fsspec` cannot read paths of a kind."""
    expected = "expected a path, or storage that TensorFlow or fsspec knows, such as gs://, s3:// or hf://"
    if scheme in _REFUSED:
        raise UserError(f"received {path}; {expected}; copy it first")
    try:
        fsspec = importlib.import_module("fsspec")
        fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise UserError(
            f"received {path}; what reads {scheme}:// does not load ({reason_of(error)}): "
            f'pip install "brave_tf[{EXTRA}]"'
        ) from None
    except ValueError:
        raise UserError(f"received {path}, a kind of storage that is not known here; {expected}") from None


def exists(path: str) -> bool:
    """Whether there is a file or a folder."""
    try:
        _details(path)
    except FileNotFoundError:
        return False
    return True


def is_folder(path: str) -> bool:
    """Whether there is a folder."""
    try:
        return bool(_details(path)["type"] == "directory")
    except FileNotFoundError:
        return False


def state(path: str) -> tuple[int, int, bool]:
    """Bytes, time of the last change in nanoseconds (0: not every kind tells), and whether it is a folder."""
    details = _details(path)
    return int(details.get("size") or 0), 0, details["type"] == "directory"


def entries(path: str) -> list[tuple[str, bool | None]]:
    """The names in a folder, and of each whether it is a folder itself."""
    with _as_system_errors(path):
        files, inner = _found(path)
        listed = files.ls(inner, detail=True)
    names = ((each["name"].rstrip("/"), each["type"] == "directory") for each in listed)
    # Some list the folder itself too.
    return [(name.rpartition("/")[2], folder) for name, folder in names if name.strip("/") != inner.strip("/")]


def read(path: str, start: int, count: int) -> bytes:
    """Up to `count` bytes from byte `start` on."""
    with _as_system_errors(path):
        files, inner = _found(path)
        return bytes(files.cat_file(inner, start=start, end=start + count))


def _details(path: str) -> dict[str, Any]:
    with _as_system_errors(path):
        files, inner = _found(path)
        return dict(files.info(inner))


def _found(path: str) -> tuple[Any, str]:
    files, inner = importlib.import_module("fsspec").core.url_to_fs(path)
    return files, inner


@contextlib.contextmanager
def _as_system_errors(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError) as error:
        number = error.errno or _NUMBERS[type(error)]
        raise system_error(number, "", path) from None
    except NotImplementedError:  # a folder that cannot be listed, such as that of all of somebody's repositories
        raise system_error(errno.ENOENT, "", path) from None
    except Exception as error:  # each of these libraries has its own
        raise PassingError(errno.EIO, reason_of(error), path) from None


_NUMBERS: dict[type[OSError], int] = {
    FileNotFoundError: errno.ENOENT,
    PermissionError: errno.EACCES,
    NotADirectoryError: errno.ENOTDIR,
    IsADirectoryError: errno.EISDIR,
}
