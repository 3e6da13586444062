"""What is wrong with a command line that does not parse, in one line: received, expected, how to fix it."""

import re
from collections.abc import Mapping, Sequence

from brave_tf.cli.interface import Argument, Command
from brave_tf.errors import did_you_mean

ANYWHERE = ("--json", "--quiet", "--verbose")
"""Options that may also stand before the command."""
ROOT_OPTIONS = ("--help", "--version")
_BOXES = re.compile("[\u2500-\u259f]+")
_WANTED = {"whole number": "a whole number", "number": "a number"}


def wrong_command(words: Sequence[str], commands: Mapping[str, Command]) -> str | None:
    """What is wrong with the first word of a command line; None if it is a command, or an option that is known."""
    listed = ", ".join(commands)
    if not words:
        return f"received no command; expected one of {listed}; begin with `brave-tf demo`, or see `brave-tf --help`"
    first = words[0]
    if first == "--version" and words[1:]:
        return f"received --version with {words[1]}; expected it alone"
    if first in commands or first in (*ROOT_OPTIONS, "-h"):
        return None
    if _is_option(first):
        near = did_you_mean(first, (*ROOT_OPTIONS, *ANYWHERE))
        return f"received {first}; {near}expected a command first: one of {listed}; see `brave-tf --help`"
    near = did_you_mean(first, commands)
    return f"received the command {first}; {near}expected one of {listed}; see `brave-tf --help`"


def wrong_argument(command: Command, words: Sequence[str]) -> str | None:
    """What is wrong with the words after a command; None if nothing is found that is.

    Args:
        command: what it takes.
        words: what it was given.
    """
    places, waiting = list(command.places), list(words)
    given: set[str] = set()
    while waiting:
        if _is_option(waiting[0]):
            word, equals, glued = waiting.pop(0).partition("=")
            argument = command.option(word)
            if argument is None:
                return _unknown_option(word, command)
            values = ([glued] if equals else []) + _taken(waiting, argument, 1 if equals else 0)
        elif places:
            argument, word = places.pop(0), ""
            values = _taken(waiting, argument, 0)
        else:
            return (
                f"received {waiting[0]}, which has no place; expected {command.usage}; a name with spaces needs "
                f"quotes; see {_help(command)}"
            )
        given.add(argument.name)
        problem = _wrong_values(argument, word, values, command)
        if problem is not None:
            return problem
    missing = [each for each in (*command.places, *command.options) if each.is_required and each.name not in given]
    if missing:
        names = [each.names[0] for each in missing]
        listed = " and no ".join(names)
        return f"received no {listed}; expected {command.usage}; see {_help(command)}"
    return None


def flattened(text: str) -> str:
    """A message that was drawn as boxes, as one line."""
    return " ".join(_BOXES.sub(" ", text).split())


def _unknown_option(word: str, command: Command) -> str:
    spelled = [name for each in command.options for name in each.names]
    near = did_you_mean(word, spelled)
    return f"received {word}; {near}expected an option of `brave-tf {command.name}`; see {_help(command)}"


def _taken(waiting: list[str], argument: Argument, already: int) -> list[str]:
    """Takes from the words that wait those that are values of an argument."""
    values: list[str] = []
    while waiting and not _is_option(waiting[0]) and (argument.most is None or already + len(values) < argument.most):
        values.append(waiting.pop(0))
    return values


def _wrong_values(argument: Argument, word: str, values: Sequence[str], command: Command) -> str | None:
    if not argument.most and argument.most is not None and values:
        return f"received {word}={values[0]}; expected {word} alone; see {_help(command)}"
    if len(values) < argument.least and argument.is_option:
        many = f"{argument.least} values" if argument.least > 1 else "a value"
        told = f"{', '.join(argument.words)}" if argument.words else argument.help
        return f"received {word} with {' '.join(values) or 'nothing'} after it; expected {many}: {told}"
    shown = f"{word} " if word else f"{argument.names[0]} "
    if argument.check is not None:
        try:
            argument.check(list(values))
        except ValueError as error:
            return f"received {shown}{' '.join(values)}; {error}"
    for value in values:
        if value == "None" and not argument.is_required:
            continue
        if argument.words and value not in argument.words:
            near = did_you_mean(value, argument.words)
            return f"received {shown}{value}; {near}expected one of {', '.join(argument.words)}"
        if argument.values in _WANTED and not _is_number(value, int if argument.values == "whole number" else float):
            return f"received {shown}{value}; expected {_WANTED[argument.values]}: {argument.help}"
    return None


def _is_number(text: str, kind: type[int] | type[float]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _is_option(word: str) -> bool:
    """Whether a word looks like an option, and not like a negative number."""
    return word.startswith("-") and word.lstrip("-")[:1].isalpha() and not _is_number(word, float)


def _help(command: Command) -> str:
    return f"`brave-tf {command.name} --help`"
