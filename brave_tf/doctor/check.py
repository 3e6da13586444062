"""What was looked at, and what was found."""

import dataclasses
from typing import Literal

Status = Literal["ok", "note", "problem"]


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        group: what it belongs to, such as "packages".
        name: what it is.
        status: "ok"; "note" for what some commands lack; "problem" for what stops work.
        found: what was found, in a line.
        fix: what to do about it; empty where nothing is to be done.
        seconds: how long it took, of what is tried out.
    """

    group: str
    name: str
    status: Status
    found: str
    fix: str = ""
    seconds: float | None = None


def ok(group: str, name: str, found: str, seconds: float | None = None) -> Check:
    """Something is as it should be."""
    return Check(group, name, "ok", found, seconds=seconds)


def note(group: str, name: str, found: str, fix: str) -> Check:
    """Something is not as it could be, and some commands or users will notice."""
    return Check(group, name, "note", found, fix)


def problem(group: str, name: str, found: str, fix: str) -> Check:
    """Something stops work."""
    return Check(group, name, "problem", found, fix)
