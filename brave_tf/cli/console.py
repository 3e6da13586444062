"""What the commands print."""

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import rich.console
from rich.table import Table

from brave_tf.progress.activity import plain

SHORT_NAME = 24
"""The longest name of a row, in letters, that a table does not break."""


class Console(rich.console.Console):
    """A console that leaves a closed pipe to the dispatcher, and keeps to plain text where NO_COLOR is set."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**plain(), **options)

    def on_broken_pipe(self) -> None:
        """Raises what happened instead of ending the program with status 1."""
        raise BrokenPipeError


def print_lines(*lines: str) -> None:
    """Prints text as it is, a line each."""
    for line in lines:
        Console().print(line, highlight=False, markup=False, soft_wrap=True)


def print_end(wrote: os.PathLike[str], files: Sequence[str] = (), following: Sequence[object] = ()) -> None:
    """Ends a command with what it wrote and the command to try next, as it is typed.

    Args:
        wrote: the file or the directory.
        files: what is in it of use.
        following: the words of the next command; none if there is none.
    """
    there = f" ({', '.join(files)})" if files else ""
    print_lines(f"wrote {wrote}{there}")
    if following:
        print_next(following)


def print_next(following: Sequence[object]) -> None:
    """Prints the command to try next, as it is typed, of its words after `brave-tf`."""
    print_lines(f"next: {shlex.join(['brave-tf', *map(str, following)])}")


def print_table(title: str, values: Mapping[str, Any]) -> None:
    """Prints names and values, one a line."""
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)


def print_rows(title: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Prints rows of the same columns under their names."""
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(rows[0]):
        # The first names the row, and a short name is to stay in one piece on a narrow terminal.
        is_whole = place == 0 and max(len(row[name]) for row in rows) <= SHORT_NAME
        table.add_column(name, overflow="fold", no_wrap=is_whole)
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)
