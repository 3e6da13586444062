"""What a command is doing: nothing is silent for more than five seconds, and start-up counts in no estimate of time.

On a terminal there is a spinner or a bar, elsewhere a plain line every few seconds.
"""

import contextlib
from collections.abc import Iterator
from typing import Protocol, TextIO

from rich.console import Console

from brave_tf.progress.activity import Activity, Silence, standard_error
from brave_tf.progress.speaker import SPEAKER
from brave_tf.progress.work import Work


class Advance(Protocol):
    """Reports progress: `advance(1)`, or `advance(1, "loss 3.21")` with a few words on the state of things."""

    def __call__(self, done: int = 1, note: str = "") -> None:
        """Adds `done` finished units."""


def note(line: str) -> None:
    """Says a line on standard error, unless nothing but warnings is wanted."""
    if not SPEAKER.is_quiet:
        _say(line)


def warn(line: str) -> None:
    """Says on standard error what its reader has to know, whatever else is wanted."""
    _say(f"warning: {line}")


def _say(line: str) -> None:
    standard_error().print(line, markup=False, highlight=False, soft_wrap=True)
    SPEAKER.was_heard()


def is_quiet() -> bool:
    """Whether nothing but warnings is wanted."""
    return SPEAKER.is_quiet


@contextlib.contextmanager
def spoken(quiet: bool = False, times: bool = False) -> Iterator[None]:
    """Says less in here, or more.

    Args:
        quiet: nothing is said but warnings.
        times: it is said of everything, when it is over, how long it took.
    """
    before = SPEAKER.is_quiet, SPEAKER.tells_times
    SPEAKER.is_quiet, SPEAKER.tells_times = quiet, times
    try:
        yield
    finally:
        SPEAKER.is_quiet, SPEAKER.tells_times = before


@contextlib.contextmanager
def silent_since(moment: float) -> Iterator[None]:
    """Lets the first thing that begins in here be told as early as if it had begun then, on the monotonic clock."""
    with SPEAKER.silent_since(moment):
        yield


@contextlib.contextmanager
def phase(title: str) -> Iterator[None]:
    """Says what goes on, while it lasts; of what is over in a moment nothing is said.

    Within `track` it is start-up, which counts in no estimate of the time left.

    Args:
        title: what goes on, such as "loading TensorFlow".
    """
    with SPEAKER.during(Activity(title)):
        yield


@contextlib.contextmanager
def track(
    total: int,
    title: str,
    done: int = 0,
    console: Console | None = None,
    percent: bool = False,
    start_up: str = "",
) -> Iterator[Advance]:
    """Shows the progress of `total` units of work.

    The time left is estimated from the units after the first report; before there is no estimate.

    Args:
        total: units in all.
        title: what is being done.
        done: units that were finished before.
        console: where to show it; standard error by default.
        percent: whether the share of the units is shown, for units that nobody counts.
        start_up: what goes on until the first report, such as "preparing the first step".

    Yields:
        A function to call after each unit.
    """
    work = Work(title, total, done, console=console, percent=percent, start_up=start_up)
    with SPEAKER.during(work):
        yield work


@contextlib.contextmanager
def heard_on(stream: TextIO) -> Iterator[TextIO]:
    """Shows what goes on there, while standard error is turned away from it.

    Args:
        stream: such as one that still writes to the terminal.

    Yields:
        The stream.
    """
    with SPEAKER.heard_on(stream):
        yield stream


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Says nothing of what goes on, which another process tells."""
    with SPEAKER.during(Silence()):
        yield
