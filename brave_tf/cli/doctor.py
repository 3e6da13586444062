"""`brave-tf doctor`."""

import itertools
from typing import TYPE_CHECKING

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from brave_tf.doctor.check import Check
    from brave_tf.doctor.diagnosis import Diagnosis

SIGNS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("PROBLEM", "bold red")}
"""The word and the style of each status."""


def doctor(json: JSON = False) -> None:
    """`brave_tf.doctor`, whose documentation is also this command's."""
    from brave_tf.cli.manner import print_json

    diagnosis = commands.doctor()
    if json:
        print_json(diagnosis)
    else:
        _print(diagnosis)
    if not diagnosis.is_well:
        count = len(diagnosis.problems)
        words = "1 problem stops work" if count == 1 else f"{count} problems stop work"
        raise UserError(f"{words}: {_named(diagnosis.problems)}; mend what is printed as a problem, as it says there")


doctor.__doc__ = commands.doctor.__doc__


def _print(diagnosis: "Diagnosis") -> None:
    from rich.text import Text

    from brave_tf.cli.console import Console

    console = Console()
    margin = max(len(word) for word, _ in SIGNS.values()) + 4
    for group, checks in itertools.groupby(diagnosis.checks, key=lambda check: check.group):
        console.print(Text(group, "bold"))
        for check in checks:
            word, style = SIGNS[check.status]
            seconds = "" if check.seconds is None else f" ({check.seconds:.1f} s)"
            line = Text.assemble("  ", (f"{word:<{margin - 2}}", style), f"{check.name}: {check.found}{seconds}")
            console.print(line, soft_wrap=True)
            if check.fix:
                console.print(Text(f"{' ' * margin}{check.fix}", "dim"), soft_wrap=True)
    if diagnosis.is_well:
        console.print(f"Nothing stops work{_noted(diagnosis)}.", highlight=False)
    console.print("For a bug report: brave-tf doctor --json", highlight=False)


def _noted(diagnosis: "Diagnosis") -> str:
    notes = [check for check in diagnosis.notes if check.group != "extras"]
    return f"; of note: {_named(notes)}" if notes else ""


def _named(checks: "Iterable[Check]") -> str:
    return ", ".join(f"{check.name} ({check.group})" for check in checks)
