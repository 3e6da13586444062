"""Options of a command that are the fields of dataclasses, each with its default left open."""

import dataclasses
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import tyro

FIRST_RUN = "runs/first"
"""What a run is called that is proposed."""
JSON = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(help="print the result as JSON, and nothing else on standard output."),
]
"""The option `--json`: see docs/command-line.md."""


def optional_fields(name: str, kinds: Mapping[str, type], words: Mapping[str, Any] = MappingProxyType({})) -> type:
    """A dataclass with the fields of all given ones, each None where it is not given.

    Args:
        name: of the new class.
        kinds: dataclasses by what they are the settings of, such as the word of a protocol; the empty word says
            nothing. A field's help comes from the docstring of its class, further names from its metadata `flags`.
        words: types of fields whose options also take words, by name.
    """
    helps: dict[str, dict[str, list[str]]] = {}
    types: dict[str, Any] = {}
    flags: dict[str, tuple[str, ...]] = {}
    for word, kind in kinds.items():
        lines, hints = _lines(kind), typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            default = f" ({_shown(field.default)})" if word and field.default not in ((), None) else ""
            helps.setdefault(field.name, {}).setdefault(lines[field.name], []).append(word + default)
            types[field.name] = _either(types.get(field.name, hints[field.name]), hints[field.name])
            flags[field.name] = field.metadata.get("flags", ())
    types |= {each: kind for each, kind in words.items() if each in types}
    fields = [
        (
            each,
            Annotated[types[each] | None, tyro.conf.arg(help=_help(helps[each]), aliases=flags[each] or None)],
            dataclasses.field(default=None),
        )
        for each in types
    ]
    return dataclasses.make_dataclass(name, fields, frozen=True)


def _either(one: Any, other: Any) -> Any:
    """Two choices of words merged into one; of any other two types the first."""
    if typing.get_origin(one) is Literal and typing.get_origin(other) is Literal:
        return Literal[*typing.get_args(one), *typing.get_args(other)]
    return one


def given(options: Any) -> dict[str, Any]:
    """The options that are not None, by name."""
    return {name: value for name, value in dataclasses.asdict(options).items() if value is not None}


def _shown(default: Any) -> str:
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _help(words_by_line: Mapping[str, list[str]]) -> str:
    parts = [f"{', '.join(filter(None, words))}: {line}".removeprefix(": ") for line, words in words_by_line.items()]
    return "; ".join(part.rstrip(".") for part in parts)


def _lines(kind: type) -> dict[str, str]:
    """What the docstring of a class says of each attribute."""
    import docstring_parser

    parsed = docstring_parser.parse(kind.__doc__ or "", docstring_parser.DocstringStyle.GOOGLE)
    return {each.arg_name: " ".join((each.description or "").split()) for each in parsed.params}
