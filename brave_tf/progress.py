"""Progress and time left: a bar on a terminal, an occasional plain line elsewhere."""

import contextlib
import time
from collections.abc import Iterator
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PLAIN_LINE_SECONDS = 15.0


class Advance(Protocol):
    """Reports progress: `advance(1)`, or `advance(1, "loss 3.21")` with a few words on the state of things."""

    def __call__(self, done: int = 1, note: str = "") -> None:
        """Adds `done` finished units."""


def note(line: str) -> None:
    """Says a line on standard error."""
    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def track(
    total: int, title: str, done: int = 0, console: Console | None = None, percent: bool = False
) -> Iterator[Advance]:
    """Shows the progress of `total` units of work.

    Args:
        total: units in all.
        title: what is being done.
        done: units that were finished before.
        console: where to show it; standard error by default.
        percent: whether the share of the units is shown, for units that nobody counts.

    Yields:
        A function to call after each unit.
    """
    console = console or Console(stderr=True)
    if console.is_terminal:
        with _bar(console, percent) as bar:
            task = bar.add_task(title, total=total, completed=done, note="")

            def advance(done: int = 1, note: str = "") -> None:
                bar.update(task, advance=done, note=note)

            yield advance
    else:
        yield _PlainLines(console, title, total, done, percent)


def _bar(console: Console, percent: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn() if percent else MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


class _PlainLines:
    def __init__(self, console: Console, title: str, total: int, done: int, percent: bool):
        self._console = console
        self._title = title
        self._total = total
        self._percent = percent
        self._first = self._done = done
        self._started = self._spoke = time.monotonic()

    def __call__(self, done: int = 1, note: str = "") -> None:
        self._done += done
        now = time.monotonic()
        if self._done < self._total and now - self._spoke < PLAIN_LINE_SECONDS:
            return
        self._spoke = now
        elapsed = now - self._started
        left = elapsed / max(self._done - self._first, 1) * (self._total - self._done)
        reached = f"{self._done / self._total:.0%}" if self._percent else f"{self._done}/{self._total}"
        self._console.print(
            f"{self._title}: {reached}, {elapsed:.0f} s, {left:.0f} s left {note}".rstrip(),
            highlight=False,
            soft_wrap=True,
        )
