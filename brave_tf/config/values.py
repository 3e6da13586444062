"""Configurations as plain values: dictionaries for JSON, lines of YAML, `key=value` overrides, differences."""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pydantic

from brave_tf.config import Config
from brave_tf.errors import UserError, did_you_mean

T = TypeVar("T")

MOST_TOLD = 5
"""Differences that a message names."""


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as plain dicts and lists, ready for JSON."""
    plain: dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return plain


def from_dict(values: Mapping[str, Any]) -> Config:
    """The `Config` that `to_dict` wrote.

    Raises:
        UserError: a key is unknown, or a value has the wrong type or range; every problem is named.
    """
    return part_from_dict(Config, values)


def part_from_dict(kind: type[T], values: Mapping[str, Any]) -> T:
    """A part of a configuration, such as a `ModelConfig`, that `to_dict` wrote; raises as `from_dict` does."""
    try:
        return pydantic.TypeAdapter(kind).validate_python(dict(values))
    except pydantic.ValidationError as error:
        problems = "; and ".join(_describe(problem) for problem in error.errors())
        raise UserError(problems) from None


def changed(part: T, changes: Mapping[str, Any], of: str = "") -> T:
    """A part of a configuration with some of its keys changed.

    Args:
        part: a dataclass.
        changes: new values by key.
        of: what the keys are of, for messages, such as " for the protocol knn".

    Raises:
        UserError: a key is unknown, or a value has the wrong type or range.
    """
    known = [field.name for field in dataclasses.fields(part)]  # type: ignore[arg-type]
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise UserError(
            f"received {', '.join(unknown)}{of}; {did_you_mean(unknown, known)}expected some of "
            f"{', '.join(known) or '(no settings)'}"
        )
    try:
        return pydantic.TypeAdapter(type(part)).validate_python({**to_dict(part), **changes})
    except pydantic.ValidationError as error:
        raise UserError(_describe(error.errors()[0], of)) from None


def yaml_lines(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """What `to_dict` wrote, line by line as YAML: nested mappings of JSON values.

    Args:
        values: the configuration, or a part of it.
        indent: what every line begins with.
    """
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from yaml_lines(value, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(value)}"


def override(config: Config, assignments: Iterable[str]) -> Config:
    """Applies `key=value` assignments such as `optimizer.peak_learning_rate=0.3`.

    Args:
        config: the configuration to start from.
        assignments: dotted keys and their new values.

    Raises:
        UserError: an assignment has no `=`, names an unknown key, or its value does not fit.
    """
    values = to_dict(config)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UserError(f"received --set {assignment}; expected key=value, for example --set steps=1000")
        _assign(values, key.strip(), text.strip())
    return from_dict(values)


def setting_keys(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys of all settings of a configuration that `to_dict` wrote: those that `override` takes."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from setting_keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Every key on which two configurations differ, as `key: old -> new`."""
    lines = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before} -> {after}")
    return lines


def first_of(differences: Sequence[str]) -> str:
    """The first of some differences, for a message, and how many more there are."""
    more = f"; and {len(differences) - MOST_TOLD} more" if len(differences) > MOST_TOLD else ""
    return "; ".join(differences[:MOST_TOLD]) + more


def assignments(old: Config, new: Config) -> list[str]:
    """What `override` has to be given to make `new` of `old`, but for the name."""
    return sorted(_assignments(to_dict(old), to_dict(new), ""))


def _assignments(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            yield from _assignments(before, value, f"{prefix}{key}.")
        elif value != before and prefix + key != "name":
            yield f"{prefix}{key}={value if isinstance(value, str) else json.dumps(value)}"


def _assign(values: dict[str, Any], key: str, text: str) -> None:
    *parents, leaf = key.split(".")
    place: Any = values
    for parent in parents:
        place = place.get(parent) if isinstance(place, dict) else None
    if not isinstance(place, dict) or leaf not in place:
        known = ", ".join(sorted(place)) if isinstance(place, dict) else ", ".join(sorted(values))
        near = did_you_mean(key, setting_keys(values))
        raise UserError(f"received --set {key}=...; there is no such key; {near}expected one of: {known}")
    if isinstance(place[leaf], dict):
        raise UserError(f"received --set {key}=...; it is a group; set one of its keys: {', '.join(place[leaf])}")
    place[leaf] = (
        [_parse(item) for item in text.strip("()[]").split(",")] if isinstance(place[leaf], list) else _parse(text)
    )


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _describe(problem: Any, of: str = "") -> str:
    """What pydantic found, in our words; what a `ValueError` of a configuration says stays as it is."""
    key = ".".join(part for part in problem["loc"] if isinstance(part, str)) or "configuration"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "missing":
        return f"received no {key}{of}; expected it"
    if problem["type"] == "unexpected_keyword_argument":
        return f"received {key}{of}, which is no setting; expected those that `brave-tf presets tiny-v` shows"
    wanted = re.sub("^Input should be |, unable to .*", "", problem["msg"])
    return f"received {key}={problem['input']}{of}; expected it to be {wanted}"
