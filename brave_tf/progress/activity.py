"""Something that goes on, and how it is shown: a spinner on a terminal, elsewhere a line."""

import contextlib
import math
import os
import time
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from brave_tf.errors import one_line

SPINNER_AFTER_SECONDS = 1.0
"""What is over before needs no spinner."""

ELSEWHERE: list[TextIO] = []
"""Where standard error led before it was turned away, the latest place last."""


def plain() -> dict[str, Any]:
    """Arguments of a `Console` that is to write neither colours nor other control signs where NO_COLOR is set."""
    return {"force_terminal": False} if os.environ.get("NO_COLOR") else {}


def standard_error() -> Console:
    """Where standard error leads, also while it is turned away.

    In a notebook, too, where rich would show a line among a cell's results, and a stream passes for a terminal.
    """
    file = ELSEWHERE[-1] if ELSEWHERE else None
    console = Console(file=file, stderr=True, **plain())
    return Console(file=file, stderr=True, force_jupyter=False, force_terminal=False) if console.is_jupyter else console


class Activity:
    """Something that goes on, with nothing in it to count.

    Args:
        title: what it is, in a few words.
        console: where it is shown; standard error by default.

    Attributes:
        title: the argument, fit to be shown.
        began: when it did, on the monotonic clock.
        is_part_of_bar: whether the bar of the work that it belongs to shows it.
    """

    def __init__(self, title: str, console: Console | None = None):
        self.title = one_line(title)
        self.began = self._alone_since = time.monotonic()
        self.is_part_of_bar = False
        self._own_console = console
        self._spinner: Progress | None = None

    @property
    def console(self) -> Console:
        """Where it is shown now."""
        return standard_error() if self._own_console is None else self._own_console

    def line(self, now: float) -> str:
        """What there is to say about it."""
        return f"{self.title}: {now - self.began:.0f} s"

    def due(self, silent_until: float) -> float:
        """When it has to be said or shown.

        Args:
            silent_until: when it is time for another plain line.
        """
        if not self.console.is_interactive:
            return silent_until
        is_shown = self._spinner is not None or self.is_part_of_bar
        return math.inf if is_shown else self._alone_since + SPINNER_AFTER_SECONDS

    def say(self, now: float) -> None:
        """Says it in a line, or begins to show it."""
        console = self.console
        if console.is_interactive:
            self._spinner = _spinner(console, self.title, self.began, redirects=not ELSEWHERE)
            self._spinner.start()
        else:
            write_line(console, self.line(now))

    def begin(self) -> None:
        """What is to be done before it is first shown; it may be shown already as a part of a bar."""

    def give_way(self, part: "Activity") -> None:
        """A part of it begins, which is shown instead."""
        part.is_part_of_bar = self.is_part_of_bar
        self.hide()

    def go_on(self) -> None:
        """The part is over."""
        self._alone_since = time.monotonic()

    def end(self) -> None:
        """It is over."""
        self.hide()

    def hide(self) -> None:
        """Shows no spinner, until it is said again."""
        if self._spinner is not None:
            with contextlib.suppress(OSError, ValueError):  # as in `write_line`
                self._spinner.stop()
            self._spinner = None


class Silence(Activity):
    """Something of which nothing is said."""

    def __init__(self) -> None:
        super().__init__("")

    def due(self, silent_until: float) -> float:
        """Never."""
        return math.inf


def write_line(console: Console, line: str) -> None:
    """Writes a plain line, if anybody can still hear it."""
    with contextlib.suppress(OSError, ValueError):  # closed, at this end or at the other
        console.file.write(f"{line}\n")
        console.file.flush()


def _spinner(console: Console, title: str, began: float, redirects: bool) -> Progress:
    spinner = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # Results go to where they are meant to go.
        redirect_stdout=False,
        redirect_stderr=redirects,
    )
    task = spinner.add_task(title, total=None)
    spinner.tasks[task].start_time = began
    return spinner
