"""The file of a run that TensorBoard reads."""

import tempfile
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
        self._here = tempfile.TemporaryDirectory(prefix="brave_tf-") if isinstance(folder, RemotePath) else None
        self._writer = tf.summary.create_file_writer(str(folder) if self._here is None else self._here.name)
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
        if self._here is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            for file in Path(self._here.name).iterdir():
                copy_file(file, self._folder / file.name)

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()
        if self._here is not None:
            self._here.cleanup()
