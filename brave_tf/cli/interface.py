"""What the commands take, read off their functions: for what is said of wrong usage, and for completion."""

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import tyro

Values: TypeAlias = Literal["path", "text", "number", "whole number"]


@dataclasses.dataclass(frozen=True)
class Argument:
    """An option of a command, or a word that stands at its place.

    Attributes:
        name: the parameter of the function.
        names: how it is written: `--batch-size`; or what stands for it, such as `PRESET`.
        is_option: whether it is an option.
        values: what follows it, or it itself, is.
        words: the closed list of those values, or none.
        least: how many values have to be there.
        most: how many may be there; None for any number.
        metavar: what stands for a value.
        is_required: whether it has no default.
        help: the first sentence of what its documentation says.
        check: what reads its values, and raises ValueError with what it expects instead; None where nothing special is.
    """

    name: str
    names: tuple[str, ...]
    is_option: bool
    values: Values
    words: tuple[str, ...]
    least: int
    most: int | None
    metavar: str
    is_required: bool
    help: str
    check: Callable[[list[str]], Any] | None = None

    @property
    def usage(self) -> str:
        """How it is written, with what stands for its values."""
        return f"{self.names[0]} {self.metavar}" if self.is_option and self.least else self.names[0]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: how it is called.
        help: what it does, in a sentence.
        places: the words at their places, in order.
        options: the others.
    """

    name: str
    help: str
    places: tuple[Argument, ...]
    options: tuple[Argument, ...]

    @property
    def usage(self) -> str:
        """How it is called, with all that it must be given."""
        required = [each.usage for each in (*self.places, *self.options) if each.is_required]
        return " ".join(["brave-tf", self.name, *required])

    def option(self, word: str) -> Argument | None:
        """The option that is written so, with dashes or underscores; None if there is none."""
        spelled = word.replace("_", "-")
        return next((each for each in self.options if spelled in each.names), None)


def read_commands(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Command]:
    """Reads what every command takes."""
    return {name: read_command(name, function) for name, function in functions.items()}


def read_command(name: str, function: Callable[..., Any]) -> Command:
    """Reads what a command takes off the signature and the documentation of its function."""
    import docstring_parser

    documented = docstring_parser.parse(function.__doc__ or "", docstring_parser.DocstringStyle.GOOGLE)
    helps = {each.arg_name: each.description or "" for each in documented.params}
    hints = typing.get_type_hints(function, include_extras=True)
    arguments: list[Argument] = []
    for parameter in inspect.signature(function).parameters.values():
        hint, marks = _bare(hints[parameter.name])
        if dataclasses.is_dataclass(hint):
            prefix = parameter.name if _marked(marks, "name") is None else _marked(marks, "name")
            arguments += _options_of_group(hint, prefix)
            continue
        is_option = parameter.kind is not parameter.POSITIONAL_ONLY
        is_required = parameter.default is parameter.empty
        arguments.append(_argument(parameter.name, hint, marks, is_option, is_required, helps.get(parameter.name, "")))
    places = tuple(each for each in arguments if not each.is_option)
    options = tuple(each for each in arguments if each.is_option)
    return Command(name, _first_sentence(documented.short_description or ""), places, options)


def _options_of_group(kind: Any, prefix: str) -> Iterator[Argument]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in dataclasses.fields(kind):
        hint, marks = _bare(hints[field.name])
        name = f"{prefix}.{field.name}" if prefix else field.name
        yield _argument(name, hint, marks, is_option=True, is_required=False, text="")


def _argument(name: str, hint: Any, marks: Sequence[Any], is_option: bool, is_required: bool, text: str) -> Argument:
    kind, least, most = _how_many(hint, marks)
    metavar = _marked(marks, "metavar") or name.rpartition(".")[2].upper().replace("_", "-")
    option = f"--{name.replace('_', '-')}"
    names: tuple[str, ...] = (metavar,)
    if is_option:
        opposite = (f"--no-{option[2:]}",) if most == 0 and tyro.conf.FlagCreatePairsOff not in marks else ()
        names = (option, *opposite, *(_marked(marks, "aliases") or ()))
    words = tuple(map(str, typing.get_args(kind))) if typing.get_origin(kind) is Literal else ()
    values: dict[Any, Values] = {Path: "path", int: "whole number", float: "number"}
    shown = _first_sentence(_marked(marks, "help") or text)
    return Argument(
        name,
        names,
        is_option,
        values.get(kind, "text"),
        words,
        least,
        most,
        metavar,
        is_required,
        shown,
        _marked(marks, "instance_from_str"),
    )


def _how_many(hint: Any, marks: Sequence[Any]) -> tuple[Any, int, int | None]:
    """The type of one value of an argument, and how many of them there are at least and at most."""
    if any(getattr(mark, "nargs", None) == "*" for mark in marks):
        return str, 0, None
    if hint is bool:
        return bool, 0, 0
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (hint, *_) = [each for each in inner if each is not type(None)]
        return _how_many(hint, marks)
    if origin is tuple and inner[-1] is not ...:
        return inner[0], len(inner), len(inner)
    if origin is not None and origin is not Literal and inner:
        kind, _ = _bare(inner[0])
        # A list that is made by giving the option again takes what one of its entries takes.
        is_appended = tyro.conf.UseAppendAction in marks
        return _how_many(kind, ()) if is_appended else (kind, 0, None)
    return hint, 1, 1


def _bare(hint: Any) -> tuple[Any, list[Any]]:
    """A type without what it is annotated with, and that."""
    marks: list[Any] = []
    while typing.get_origin(hint) is typing.Annotated:
        marks += hint.__metadata__
        hint = hint.__origin__
    return hint, marks


def _marked(marks: Sequence[Any], name: str) -> Any:
    """What `tyro.conf.arg` was given of the argument of it that is called so; None if nothing."""
    return next((value for mark in marks if (value := getattr(mark, name, None)) is not None), None)


def _first_sentence(text: str) -> str:
    plain = " ".join(text.split())
    return plain.partition(". ")[0].partition("; ")[0].rstrip(".")
