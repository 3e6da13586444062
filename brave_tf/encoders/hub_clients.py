"""The clients of the Hugging Face Hub, of Kaggle and of KerasHub: loaded where they are used, and kept quiet."""

import contextlib
import importlib
import logging
from collections.abc import Iterator
from typing import Any

from brave_tf.errors import UserError, one_line, reason_of, short_reason
from brave_tf.quiet import silenced_libraries


@contextlib.contextmanager
def asking_client(failed: str, remedy: str) -> Iterator[None]:
    """For what a client does: it is kept quiet, and what it raises becomes a `UserError`.

    Args:
        failed: what has failed then, such as "hf://owner/name cannot be fetched".
        remedy: what to do about it.

    Raises:
        UserError: the client, or a library below it, raised an error of whatever kind.
    """
    try:
        with quiet_client():
            yield
    except Exception as error:  # each client has its own kinds, and so have the libraries below them
        raise UserError(f"{failed} ({short_reason(error)}); {remedy}") from error


def load_client(module: str, extra: str, wanted: str) -> Any:
    """A client's module.

    Args:
        module: its name.
        extra: the extra that it is in.
        wanted: what it is wanted for.

    Raises:
        UserError: it is not installed, or does not load.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"{one_line(wanted)} needs {module}, which does not load ({reason_of(error)}): "
            f'pip install "brave_tf[{extra}]"'
        ) from None


@contextlib.contextmanager
def quiet_client() -> Iterator[None]:
    """Keeps a client's own bars and lines from standard error and standard output, which has results alone."""
    logger = logging.getLogger("kagglehub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with silenced_libraries():
            yield
    finally:
        logger.setLevel(level)
