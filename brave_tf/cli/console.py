"""What the commands print."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def print_table(title: str, values: Mapping[str, Any]) -> None:
    """Prints names and values, one a line."""
    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
