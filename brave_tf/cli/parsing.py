"""From the words of a command line to the call of a command, and how it is to print."""

import contextlib
import dataclasses
import functools
import inspect
import io
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import tyro

from brave_tf.cli.interface import read_command, read_commands
from brave_tf.cli.paths import path_registry
from brave_tf.cli.wrong_usage import ANYWHERE, flattened, wrong_argument, wrong_command
from brave_tf.errors import UsageError

Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff]
HOW_TO_PRINT = {
    "quiet": Annotated[Flag, tyro.conf.arg(help="print nothing but warnings and errors; --json still prints.")],
    "verbose": Annotated[
        Flag,
        tyro.conf.arg(help="print TensorFlow's notes, how long each part took, and where in the code an error arose."),
    ],
}
"""Options that every command has, and what they are."""


@dataclasses.dataclass(frozen=True)
class Invocation:
    """A command with its arguments.

    Attributes:
        run: calls it.
        json: whether its result is printed as JSON, and nothing else on standard output.
        quiet: whether it prints only warnings and errors.
        verbose: whether it prints more than usual.
    """

    run: Callable[[], Any]
    json: bool
    quiet: bool
    verbose: bool


def parse(words: Sequence[str], functions: Mapping[str, Callable[..., Any]], program: str, about: str) -> Invocation:
    """Finds out what a command line asks for.

    Args:
        words: the command line.
        functions: the commands by name.
        program: its name.
        about: what `--help` says first.

    Raises:
        UsageError: it does not parse.
        SystemExit: help was asked for, and has been printed.
    """
    words = _in_order(words)
    if not words or words[0] not in functions:
        problem = wrong_command(words, read_commands(functions))
        if problem is not None:
            raise UsageError(problem)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            invocation: Invocation = tyro.extras.subcommand_cli_from_dict(
                {name: postponed(function) for name, function in functions.items()},
                args=words,
                prog=program,
                description=about,
                registry=path_registry(),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UsageError(_problem(words, functions) or flattened(said.getvalue())) from None
    sys.stderr.write(said.getvalue())
    if invocation.quiet and invocation.verbose:
        raise UsageError("received --quiet and --verbose; expected one of them")
    return invocation


def _in_order(words: Sequence[str]) -> list[str]:
    """A command line whose options that every command has come after the command."""
    first = next((number for number, word in enumerate(words) if word not in ANYWHERE), len(words))
    return [*words[first : first + 1], *words[:first], *words[first + 1 :]]


def _problem(words: Sequence[str], functions: Mapping[str, Callable[..., Any]]) -> str | None:
    name, *rest = words
    if name not in functions:
        return None
    return wrong_argument(read_command(name, postponed(functions[name])), rest)


def postponed(function: Callable[..., Any]) -> Callable[..., Invocation]:
    """Takes what a command takes and how it is to print, and calls nothing yet."""

    def postpone(*args: Any, quiet: bool, verbose: bool, **kwargs: Any) -> Invocation:
        call = functools.partial(function, *args, **kwargs)
        return Invocation(call, bool(kwargs.get("json")), quiet, verbose)

    signature = inspect.signature(function)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in HOW_TO_PRINT.items()
    ]
    # Not by `functools.wraps`: then tyro would look at the annotations of the function itself.
    described: Any = postpone
    described.__name__, described.__doc__ = function.__name__, function.__doc__
    described.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *added])
    described.__annotations__ = {**typing.get_type_hints(function, include_extras=True), **HOW_TO_PRINT}
    return postpone
