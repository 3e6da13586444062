"""Where the shards of a dataset are made: in its folder, or, if that is elsewhere, here first and then put there.

The processes that do the work know this machine's files only.
"""

import collections
import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.preparation.jobs import cannot_write
from brave_tf.preparation.plan import Shard
from brave_tf.preparation.work_folder import temporary
from brave_tf.storage import RemotePath, copy_file, in_background

if TYPE_CHECKING:
    from concurrent.futures import Future

MOST_TRANSFERS = 4
"""Shards that are on their way; more wait, so that the disk here does not fill up."""


class Stage:
    """The folder in which shards are made.

    Args:
        out: the dataset's directory.
        folder: the same, or one here.
    """

    def __init__(self, out: Path, folder: Path):
        self.folder = folder
        self._out = out
        self._transfers: collections.deque[Future[None]] = collections.deque()

    def put(self, shard: Shard) -> None:
        """Puts a shard that is done to its place; it may be on its way for a while.

        Raises:
            UserError: this one, or one before, cannot be written there.
        """
        if self.folder == self._out:
            return
        self._transfers.append(in_background(functools.partial(self._move, shard)))
        while len(self._transfers) > MOST_TRANSFERS:
            self._transfers.popleft().result()

    def finish(self) -> None:
        """Waits until all of them are there.

        Raises:
            UserError: one cannot be written there.
        """
        while self._transfers:
            self._transfers.popleft().result()

    def _move(self, shard: Shard) -> None:
        # The done-file last: it says that the shard is there.
        names = [Path(shard.name), temporary(Path(WORK_FOLDER), shard, "done")]
        try:
            for name in names:
                copy_file(self.folder / name, self._out / name)
        except OSError as error:
            raise cannot_write(self._out / shard.name, error) from None
        for name in names:
            (self.folder / name).unlink()


@contextlib.contextmanager
def staged(out: Path) -> Iterator[Stage]:
    """The stage of a dataset; what is left of it here is removed at the end."""
    if not isinstance(out, RemotePath):
        yield Stage(out, out)
        return
    with tempfile.TemporaryDirectory(prefix="brave_tf-prepare-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / WORK_FOLDER).mkdir()
        yield Stage(out, Path(folder))
