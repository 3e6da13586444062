"""What the commands print."""

from collections.abc import Mapping, Sequence
from typing import Any

import rich.console
from rich.table import Table


class Console(rich.console.Console):
    """A console that leaves a closed pipe to the dispatcher."""

    def on_broken_pipe(self) -> None:
        """Raises what happened instead of ending the program with status 1."""
        raise BrokenPipeError


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
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)
