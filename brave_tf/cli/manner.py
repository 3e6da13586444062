"""How a command prints: `--json`, `--quiet`, `--verbose`, and the environment variable NO_COLOR."""

import contextlib
import dataclasses
import json as json_format
import math
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from brave_tf import quiet as tensorflow
from brave_tf.errors import UserError
from brave_tf.progress import spoken

_RESULTS: list[TextIO] = []
"""Where JSON and scripts go while everything else is kept away from there."""


@contextlib.contextmanager
def printing(json: bool = False, quiet: bool = False, verbose: bool = False) -> Iterator[None]:
    """Prints in here as the options of the same names say.

    Args:
        json: standard output is for `print_json` alone; what else is printed there goes to standard error.
        quiet: nothing is printed but warnings and errors, and JSON.
        verbose: TensorFlow's notes are printed too, how long every part took, and where in the code an error arose.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(spoken(quiet=quiet, times=verbose))
        if json or quiet:
            _RESULTS.append(sys.stdout)
            stack.callback(_RESULTS.pop)
            elsewhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8")) if quiet else sys.stderr
            stack.enter_context(contextlib.redirect_stdout(elsewhere))
        if verbose:
            stack.enter_context(tensorflow.telling_all())
            stack.enter_context(_errors_with_their_places())
        yield


def print_json(value: Any) -> None:
    """Prints what a command's function returns, as JSON, on standard output.

    Args:
        value: dataclasses, mappings and sequences of plain values. What has an `as_dict` is told by that. Numbers that
            JSON does not know, NaN and the infinities, become null.
    """
    stream, plain = _results(), _plain(value)
    text = json_format.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:  # such as a file's name that is no UTF-8
        text = json_format.dumps(plain, indent=2, allow_nan=False)
    print(text, file=stream, flush=True)


def print_script(text: str) -> None:
    """Prints a program on standard output, also with `--quiet`: an empty one would be installed as if it were whole."""
    print(text, end="", file=_results(), flush=True)


def _results() -> TextIO:
    return _RESULTS[-1] if _RESULTS else sys.stdout


def keep_to_plain_text() -> None:
    """Keeps the help to plain text where NO_COLOR is set, as everything else is; to be called before it is made."""
    if os.environ.get("NO_COLOR"):
        os.environ["PYTHON_TYRO_ANSI_CODES"] = "False"


def _plain(value: Any) -> Any:
    if hasattr(value, "as_dict"):
        return _plain(value.as_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):  # an array or a number of NumPy
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


@contextlib.contextmanager
def _errors_with_their_places() -> Iterator[None]:
    """Prints the stack trace of what is else told in a line, with the error that it came from."""
    try:
        yield
    except (UserError, OSError) as error:
        error.__suppress_context__ = False
        traceback.print_exception(error)
        raise
