"""Versions and bounds of packages, as `importlib.metadata` tells them.

The package `packaging` knows more of them, and may be among what is missing.
"""

import dataclasses
import importlib.metadata
import operator
import re

DISTRIBUTION = "brave-tf"

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)\s*(?:\[.*?\])?\s*\(?(?P<bounds>[^;()@]*)")
_EXTRA = re.compile(r"""\bextra\s*==\s*["'](?P<name>[^"']+)["']""")
_VERSION = re.compile(r"v?(?:\d+!)?(?P<release>\d+(?:\.\d+)*)(?P<rest>[^+]*)", re.IGNORECASE)
_BEFORE_RELEASE = re.compile(r"(a|b|c|rc|alpha|beta|pre|preview|dev)[-_.]?\d*", re.IGNORECASE)
_COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A package that is wanted.

    Attributes:
        name: of the package.
        bounds: its versions, such as ">=2.21,<3"; empty for any.
        extra: the extra that wants it; empty for the library itself.
        is_conditional: whether some machines do without it, such as those of an older Python.
    """

    name: str
    bounds: str
    extra: str
    is_conditional: bool


def requirements() -> list[Requirement]:
    """What the installed library says that it wants.

    Raises:
        importlib.metadata.PackageNotFoundError: the library is not installed.
    """
    return [_parsed(line) for line in importlib.metadata.requires(DISTRIBUTION) or []]


def installed(name: str) -> str | None:
    """The version of a package; None if it is not installed."""
    try:
        # None where a folder of metadata is left that holds none.
        return importlib.metadata.version(name) or None
    except importlib.metadata.PackageNotFoundError:
        return None


def meets(version: str, bounds: str) -> bool:
    """Whether a version is within bounds.

    Args:
        version: such as "2.21.0", "2.22.0rc1" or "2.20.0+nv25.2"; what follows the + does not count.
        bounds: such as ">=2.21,<3"; empty for any version.

    Raises:
        ValueError: this is no version, or a bound of another kind.
    """
    return all(_meets(version, bound.strip()) for bound in bounds.split(",") if bound.strip())


def _meets(version: str, bound: str) -> bool:
    sign = next((sign for sign in _COMPARISONS if bound.startswith(sign)), None)
    if sign is None or bound.startswith("==="):
        raise ValueError(f"received the bound {bound!r}; expected one of {', '.join(_COMPARISONS)} and a version")
    found, limit = _key(version), _key(bound.removeprefix(sign).strip())
    if sign == "<" and limit[1]:
        # What comes shortly before a version is no older one: 3.0rc1 is not below 3.
        found, limit = (found[0], True), (limit[0], True)
    return bool(_COMPARISONS[sign](found, limit))


def _key(version: str) -> tuple[tuple[int, ...], bool]:
    """The numbers of a version without zeros at their end, and whether it is released; these compare as versions do."""
    match = _VERSION.fullmatch(version.strip().partition("+")[0])
    if match is None:
        raise ValueError(f"received {version!r}; expected a version such as 2.21.0")
    numbers = [int(number) for number in match["release"].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), _BEFORE_RELEASE.search(match["rest"]) is None


def _parsed(line: str) -> Requirement:
    wanted, _, marker = line.partition(";")
    match = _REQUIREMENT.match(wanted.strip())
    if match is None:
        raise ValueError(f"the metadata of {DISTRIBUTION} says {line!r}; expected a package and its bounds")
    extra = _EXTRA.search(marker)
    condition = _EXTRA.sub("", marker).replace("and", "").strip(" ()")
    return Requirement(match["name"], match["bounds"].strip(), extra["name"] if extra else "", bool(condition))
