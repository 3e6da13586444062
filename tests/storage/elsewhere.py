"""Storage that fails: what stands for `gs://` where the tests have only the memory of their process."""

import contextlib
import errno
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brave_tf.storage import as_path, gfile, patience

REQUESTS = ("exists", "is_folder", "entries", "state", "make_folder", "read", "write", "remove", "remove_tree", "move")
_NUMBERS = itertools.count()


def new_place() -> Path:
    """A folder of its own on the file system that TensorFlow keeps in memory."""
    folder = as_path(f"ram://elsewhere/{next(_NUMBERS)}")
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def failing(fails: Callable[[str, str], bool]) -> Iterator[list[str]]:
    """Lets requests fail as those to a busy service do, without the pauses in between.

    Args:
        fails: from the name of a request and the path to whether it fails.

    Yields:
        The requests that failed, as they come.
    """
    failed: list[str] = []

    def wrapped(name: str, request: Callable[..., Any]) -> Callable[..., Any]:
        def ask(path: str, *arguments: Any) -> Any:
            if fails(name, path):
                failed.append(f"{name} {path}")
                raise patience.PassingError(errno.EIO, "the service is busy", path)
            return request(path, *arguments)

        return ask

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.0)
        for name in REQUESTS:
            patch.setattr(gfile, name, wrapped(name, getattr(gfile, name)))
        yield failed


def every_other_time() -> Callable[[str, str], bool]:
    """For `failing`: each request fails when it is made first, and goes well when it is made again."""
    tries: dict[tuple[str, str], int] = {}

    def fails(name: str, path: str) -> bool:
        tries[name, path] = tries.get((name, path), 0) + 1
        return tries[name, path] % 2 == 1

    return fails
