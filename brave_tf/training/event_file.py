"""The file of a run that TensorBoard reads."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from brave_tf.storage import RemotePath, copy_file


class EventFile:
    """Scalars for TensorBoard; for storage elsewhere, which takes whole files alone, written here and copied.

    Args:
        folder: where TensorBoard looks.

    Raises:
        OSError, tf.errors.OpError: the folder cannot be written.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._here = folder
        if isinstance(folder, RemotePath):
            self._here = Path(tempfile.mkdtemp(prefix="brave_tf-"))
            # Also for a run that ends before it closes the file.
            weakref.finalize(self, shutil.rmtree, self._here, ignore_errors=True)
        self._writer = tf.summary.create_file_writer(str(self._here))
        self.flush()

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds the scalars of a step."""
        with self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def flush(self) -> None:
        """Brings everything to its place.

        Raises:
            OSError, tf.errors.OpError: it cannot be written.
        """
        self._writer.flush()
        if self._here is not self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            for file in self._here.iterdir():
                copy_file(file, self._folder / file.name)

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()
