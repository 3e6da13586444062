"""Work whose units can be counted, with the time that is left."""

import datetime
import math
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from brave_tf.progress.activity import Activity, write_line
from brave_tf.progress.speaker import SPEAKER


class Pace:
    """How long units take, from which follows how long the others will.

    Between two reports lie units and the time that they took. What lies before the first report does not count, nor
    what lies between two reports if a start-up does: graphs are traced and caches filled there.

    Args:
        total: units in all.
        done: units that were finished before.
        now: the time, in seconds.

    Attributes:
        total: the argument.
        done: finished units.
    """

    def __init__(self, total: int, done: int, now: float):
        self.total, self.done = total, done
        self._reported = now
        self._starts_up = True
        self._units, self._seconds = 0, 0.0

    def start_up(self) -> None:
        """The time until the next report is no measure of what comes after it."""
        self._starts_up = True

    def report(self, done: int, now: float) -> None:
        """So many more units are finished."""
        if not done:
            return
        if not self._starts_up:
            self._units += done
            self._seconds += now - self._reported
        self.done += done
        self._reported, self._starts_up = now, False

    @property
    def seconds_left(self) -> float | None:
        """What the other units will take; None where nothing is known, or nothing is left."""
        if not self._units or self.done >= self.total:
            return None
        return self._seconds / self._units * (self.total - self.done)


class Work(Activity):
    """Countable work; called with the number of finished units, see `brave_tf.progress.track`."""

    def __init__(
        self, title: str, total: int, done: int, *, console: Console | None, percent: bool, start_up: str
    ) -> None:
        super().__init__(title, console)
        self._pace = Pace(total, done, self.began)
        self._percent = percent
        # What stands beside the count: first what goes on until the first report, then what that said.
        self._start_up, self._note = start_up, ""
        self._bar: Progress | None = None

    def __call__(self, done: int = 1, note: str = "") -> None:
        """Takes down `done` finished units, and a few words on the state of things."""
        now = time.monotonic()
        self._pace.report(done, now)
        self._note = note
        if done:
            self._start_up = ""
        if self._bar is not None:
            self._update(note)
        elif not (self.is_part_of_bar or SPEAKER.is_quiet) and self._pace.done >= self._pace.total:
            write_line(self.console, self.line(now))
            SPEAKER.was_heard()

    def line(self, now: float) -> str:
        """How far it is: `pretrain: 3/60, 41 s, 208 s left loss 3.21`."""
        pace, left = self._pace, self._pace.seconds_left
        reached = f"{pace.done / max(pace.total, 1):.0%}" if self._percent else f"{pace.done}/{pace.total}"
        words = [reached, self._start_up, f"{now - self.began:.0f} s", "" if left is None else f"{left:.0f} s left"]
        return f"{self.title}: {', '.join(filter(None, words))} {self._note}".rstrip()

    def due(self, silent_until: float) -> float:
        """See `Activity.due`; a bar moves by itself."""
        return math.inf if self._bar is not None else super().due(silent_until)

    def begin(self) -> None:
        """Shows the bar, if there is to be one."""
        console = self.console
        if console.is_interactive and not self.is_part_of_bar:
            self._bar = _bar(console, self._percent)
            self._bar.add_task(self.title, total=self._pace.total, completed=self._pace.done, left="", note="")
            self._update(self._start_up)
            self._bar.start()

    def give_way(self, part: Activity) -> None:
        """See `Activity.give_way`; what begins is start-up."""
        self._pace.start_up()
        super().give_way(part)
        if self._bar is not None:
            part.is_part_of_bar = True
            self._update(part.title)

    def go_on(self) -> None:
        """See `Activity.go_on`."""
        super().go_on()
        if self._bar is not None:
            self._update(self._start_up or self._note)

    def end(self) -> None:
        """Leaves the bar as it is."""
        super().end()
        if self._bar is not None:
            self._bar.stop()

    def _update(self, note: str) -> None:
        assert self._bar is not None
        left = self._pace.seconds_left
        shown = "" if left is None else f"left {datetime.timedelta(seconds=round(left))}"
        for task in self._bar.task_ids:
            self._bar.update(task, completed=self._pace.done, left=shown, note=note)


def _bar(console: Console, percent: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn() if percent else MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        # Results go to where they are meant to go.
        redirect_stdout=False,
    )
