"""The folder of a run's checkpoints, in which each is whole or absent: here, and on storage elsewhere."""

import abc
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from brave_tf.runs.paths import (
    CHECKPOINT_CONTENT,
    CHECKPOINT_FOLDER,
    CHECKPOINT_INDEX,
    checkpoint_path,
    checkpoint_step,
    checkpoint_steps,
    is_cut_off,
)
from brave_tf.storage import RemotePath, copy_file, local_copy, remove_tree, upload_tree

_PARTIAL, _DAMAGED = ".partial-", "damaged-"


class CheckpointFolder(abc.ABC):
    """Checkpoints by their steps.

    Args:
        run: the run directory.
    """

    def __init__(self, run: Path):
        self._run = run
        self.path = run / CHECKPOINT_FOLDER

    def __str__(self) -> str:
        return str(self.path)

    def steps(self) -> list[int]:
        """Steps of which there is a checkpoint, oldest first."""
        return checkpoint_steps(self._run)

    def place(self, step: int) -> Path:
        """The directory of a checkpoint."""
        return checkpoint_path(self._run, step)

    @abc.abstractmethod
    def write(self, step: int, write: Callable[[str], object]) -> None:
        """Writes a checkpoint, or leaves none.

        Args:
            step: its step.
            write: writes it, given what its files are to begin with.

        Raises:
            OSError: it cannot be written.
        """

    @abc.abstractmethod
    def content(self, step: int) -> contextlib.AbstractContextManager[str]:
        """What the files of a checkpoint begin with, on this machine.

        Raises:
            FileNotFoundError: a part of it is missing.
            OSError: it cannot be brought here.
        """

    @abc.abstractmethod
    def remove(self, step: int) -> None:
        """Removes a checkpoint.

        Raises:
            OSError: it cannot be removed.
        """

    @abc.abstractmethod
    def tidy(self) -> None:
        """Removes what a killed process left half written or half removed.

        Raises:
            OSError: it cannot be removed.
        """

    @abc.abstractmethod
    def put_aside(self, step: int) -> None:
        """Keeps a damaged checkpoint under another name.

        Raises:
            OSError: it cannot be moved.
        """

    def _aside(self, step: int) -> Path:
        return self.path / f"{_DAMAGED}{step:08d}"


class LocalCheckpointFolder(CheckpointFolder):
    """A directory of another name gets its own when all of it is on the disk."""

    def write(self, step: int, write: Callable[[str], object]) -> None:
        """See `CheckpointFolder.write`."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.tidy()
        partial = self.path / f"{_PARTIAL}{step}"
        try:
            write(str(partial / CHECKPOINT_CONTENT))
            for path in [*partial.iterdir(), partial]:
                _to_disk(path)
            os.replace(partial, self.place(step))
            _to_disk(self.path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextlib.contextmanager
    def content(self, step: int) -> Iterator[str]:
        """See `CheckpointFolder.content`."""
        yield str(self.place(step) / CHECKPOINT_CONTENT)

    def remove(self, step: int) -> None:
        """See `CheckpointFolder.remove`."""
        # Whole or absent, while it goes as well.
        os.replace(self.place(step), self.path / f"{_PARTIAL}{step}")
        self.tidy()

    def tidy(self) -> None:
        """See `CheckpointFolder.tidy`."""
        for leftover in self.path.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover)

    def put_aside(self, step: int) -> None:
        """See `CheckpointFolder.put_aside`."""
        shutil.rmtree(self._aside(step), ignore_errors=True)
        os.replace(self.place(step), self._aside(step))


class RemoteCheckpointFolder(CheckpointFolder):
    """A checkpoint is made here and sent; its index comes last and goes first, and without it there is none."""

    def write(self, step: int, write: Callable[[str], object]) -> None:
        """See `CheckpointFolder.write`."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.tidy()
        with tempfile.TemporaryDirectory(prefix="brave_tf-") as folder:
            write(str(Path(folder, CHECKPOINT_CONTENT)))
            self.place(step).mkdir(exist_ok=True)
            for file in sorted(Path(folder).iterdir(), key=lambda file: file.name == CHECKPOINT_INDEX):
                copy_file(file, self.place(step) / file.name)

    @contextlib.contextmanager
    def content(self, step: int) -> Iterator[str]:
        """See `CheckpointFolder.content`."""
        with local_copy(self.place(step)) as copy:
            yield str(copy / CHECKPOINT_CONTENT)

    def remove(self, step: int) -> None:
        """See `CheckpointFolder.remove`."""
        # What was asked twice may be gone already.
        (self.place(step) / CHECKPOINT_INDEX).unlink(missing_ok=True)
        remove_tree(self.place(step), missing_ok=True)

    def tidy(self) -> None:
        """See `CheckpointFolder.tidy`."""
        for path in self.path.iterdir() if self.path.is_dir() else ():
            if checkpoint_step(path) is not None and is_cut_off(path):
                remove_tree(path, missing_ok=True)

    def put_aside(self, step: int) -> None:
        """See `CheckpointFolder.put_aside`."""
        remove_tree(self._aside(step), missing_ok=True)
        upload_tree(self.place(step), self._aside(step))
        self.remove(step)


def checkpoint_folder(run: Path) -> CheckpointFolder:
    """The folder of the checkpoints of a run."""
    return RemoteCheckpointFolder(run) if isinstance(run, RemotePath) else LocalCheckpointFolder(run)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
