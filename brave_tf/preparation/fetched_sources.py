"""Sources that lie elsewhere, copied to this machine ahead of the work, a few at a time."""

import collections
import contextlib
import dataclasses
import functools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from brave_tf.errors import UserError
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.layouts.names import extension_of
from brave_tf.storage import RemotePath, copy_file, in_background

if TYPE_CHECKING:
    from concurrent.futures import Future

FETCHED_AHEAD = 2
"""Copies that are made for each process before it asks for them."""
_OF_THE_FILE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
"""What is wrong with the file itself. What is wrong with the way to it is no reason to do without the file."""


class FileJob(Protocol):
    """A frozen dataclass with the number and the source of a job that reads one file."""

    @property
    def number(self) -> int:
        """Tells jobs apart."""

    @property
    def source(self) -> Source:
        """What it reads."""


AnyJob = TypeVar("AnyJob", bound=FileJob)


def cannot_fetch(error: OSError, name: str) -> Outcome:
    """What becomes of a source that was not copied to this machine.

    Raises:
        UserError: it is not the file that is wrong.
    """
    if isinstance(error, _OF_THE_FILE):
        return Outcome([], f"cannot be read ({error.strerror or error})")
    raise UserError(
        f"{error.filename or name} cannot be fetched ({error.strerror or error}); run the same command again to go on"
    ) from None


class FetchedSources(Generic[AnyJob]):
    """Takes jobs in, and gives them back in the same order when their media are here.

    Args:
        folder: for the copies; None if all sources are here.
        most: jobs that it holds at once.
    """

    def __init__(self, folder: Path | None, most: int):
        self._folder, self._most = folder, most
        self._waiting: collections.deque[tuple[AnyJob, Future[None] | None]] = collections.deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether it takes another job."""
        return len(self._waiting) < self._most

    def add(self, job: AnyJob) -> None:
        """Takes a job; begins to copy its media if they are elsewhere."""
        path = job.source.path
        if self._folder is None or not isinstance(path, RemotePath):
            self._waiting.append((job, None))
            return
        copy = self._folder / f"{job.number}{extension_of(path.name)}"
        values: Any = job
        here = dataclasses.replace(values, source=dataclasses.replace(job.source, path=copy))
        self._waiting.append((here, in_background(functools.partial(copy_file, path, copy))))

    def next(self, wait: bool) -> tuple[AnyJob, Outcome | None] | None:
        """The next job whose media are here, or what became of it if they cannot be had; None if there is none yet.

        Args:
            wait: until there is one, as long as there are jobs.

        Raises:
            UserError: storage does not answer.
        """
        if not self._waiting:
            return None
        job, copied = self._waiting[0]
        if copied is not None and not wait and not copied.done():
            return None
        self._waiting.popleft()
        try:
            if copied is not None:
                copied.result()
        except OSError as error:
            return job, cannot_fetch(error, job.source.name)
        return job, None

    def release(self, job: AnyJob) -> None:
        """Removes the copy of a job that is done."""
        if job.source.path.parent == self._folder:
            job.source.path.unlink(missing_ok=True)


@contextlib.contextmanager
def fetched_sources(sources: Iterable[Source], workers: int) -> Iterator[FetchedSources[Any]]:
    """Copies those of some sources that are elsewhere, for so many processes; no copy is left at the end."""
    if not any(isinstance(source.path, RemotePath) for source in sources):
        yield FetchedSources(None, 1)
        return
    with tempfile.TemporaryDirectory(prefix="brave_tf-sources-", ignore_cleanup_errors=True) as folder:
        yield FetchedSources(Path(folder), FETCHED_AHEAD * max(workers, 1))
