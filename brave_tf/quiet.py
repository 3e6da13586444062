"""Imports TensorFlow without its notes on the terminal and without what no command uses."""

import contextlib
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TextIO

USED_BY_NO_COMMAND = ("cv2", "matplotlib", "sklearn")
"""What Keras imports wherever it is installed, for pictures and wrappers of its own."""
_TELLS_ALL = False


def set_environment() -> None:
    """Chooses TensorFlow's log level and Keras' backend; to be called before either is imported.

    A log level that the user has set stays as it is. The backend does not: training and reading data need TensorFlow.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"


@contextlib.contextmanager
def telling_all() -> Iterator[None]:
    """Lets TensorFlow say in here what it otherwise is kept from; to be called before it is imported."""
    global _TELLS_ALL
    level, before = os.environ.get("TF_CPP_MIN_LOG_LEVEL"), _TELLS_ALL
    os.environ["TF_CPP_MIN_LOG_LEVEL"], _TELLS_ALL = "0", True
    try:
        yield
    finally:
        _TELLS_ALL = before
        if level is None:
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]
        else:
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = level


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for devices, and says something on stderr only if that fails.

    TensorFlow 2.21 writes notes on CPU features and missing CUDA libraries from C++ before any log level applies.
    """
    # Not before: nothing else here needs what shows it.
    from brave_tf.progress import phase

    with phase("loading TensorFlow"), tempfile.TemporaryFile() as notes:
        try:
            with contextlib.ExitStack() as stack:
                if not _TELLS_ALL:
                    stack.enter_context(_second_stderr())
                    stack.enter_context(_stderr_to(notes))
                load_tensorflow()
        except Exception:  # not Ctrl-C, which is no failure of TensorFlow
            notes.seek(0)
            with contextlib.suppress(OSError):
                os.write(2, notes.read())
            raise


def load_tensorflow() -> None:
    """Imports TensorFlow and looks for devices; whatever it says is heard.

    What Keras, which comes with it, imports for itself alone would take a third of the time, and is left out.
    """
    with _hidden(USED_BY_NO_COMMAND):
        importlib.import_module("tensorflow").config.list_physical_devices()


@contextlib.contextmanager
def _hidden(packages: Sequence[str]) -> Iterator[None]:
    """Makes packages look absent to those who import them meanwhile; afterwards they import as ever."""
    absent: dict[str, Any] = dict.fromkeys(name for name in packages if name not in sys.modules)
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def only_warnings() -> Iterator[None]:
    """Drops what TensorFlow remarks meanwhile, such as where it wrote assets; a notebook has that among its results."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def silenced_libraries() -> Iterator[TextIO]:
    """Drops what C libraries write to standard error meanwhile, such as libjpeg's word on every damaged picture.

    Yields:
        A stream that still writes to where standard error leads.
    """
    with _second_stderr() as stream, contextlib.ExitStack() as stack:
        if stream is not None:  # else it is none of theirs
            stack.enter_context(_stderr_to(stack.enter_context(open(os.devnull, "wb"))))
        yield sys.stderr if stream is None else stream


@contextlib.contextmanager
def _second_stderr() -> Iterator[TextIO | None]:
    """Another stream to where standard error leads, which shows progress; None if it is closed, or leads to no file."""
    from brave_tf.progress import heard_on

    with contextlib.ExitStack() as stack:
        stream: TextIO | None = None
        with contextlib.suppress(OSError, ValueError, AttributeError):
            terminal = os.dup(sys.stderr.fileno())
            stream = stack.enter_context(open(terminal, "w", encoding="utf-8", errors="replace"))
            stack.enter_context(heard_on(stream))
        yield stream


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
