"""Keeps TensorFlow's start-up notes off the terminal."""

import contextlib
import importlib
import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO


def set_environment() -> None:
    """Chooses TensorFlow's log level and Keras' backend; to be called before either is imported.

    A log level that the user has set stays as it is. The backend does not: training and reading data need TensorFlow.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for devices, and says something on stderr only if that fails.

    TensorFlow 2.21 writes notes on CPU features and missing CUDA libraries from C++ before any log level applies.
    """
    with tempfile.TemporaryFile() as notes:
        try:
            with _stderr_to(notes):
                importlib.import_module("tensorflow").config.list_physical_devices()
        except Exception:  # not Ctrl-C, which is no failure of TensorFlow
            notes.seek(0)
            with contextlib.suppress(OSError):
                os.write(2, notes.read())
            raise


@contextlib.contextmanager
def _stderr_to(file: BinaryIO) -> Iterator[None]:
    try:
        terminal = os.dup(2)
    except OSError:  # stderr is closed: nothing can be seen anyway
        yield
        return
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
