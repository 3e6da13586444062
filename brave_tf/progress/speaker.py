"""Says what goes on where nothing else does, from a thread that lives as long as something goes on."""

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import TextIO

from brave_tf.progress.activity import ELSEWHERE, Activity, standard_error

SILENT_SECONDS = 4.0
"""The longest silence: below five also where a busy machine lets the thread wait for its turn."""
LONG_SECONDS, SILENT_SECONDS_AFTERWARDS = 600.0, 15.0
"""The longest silence of what has gone on for so long: the log of a run of days has other uses."""


class Speaker:
    """Knows what goes on, one thing within the other, and speaks of the innermost.

    Attributes:
        is_quiet: whether nothing is said of it.
        tells_times: whether it is said of everything, when it is over, how long it took.
    """

    is_quiet = tells_times = False

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begins anew, as a copy of the process has to: nothing goes on there, and no thread does either."""
        self._changed = threading.Condition()
        self._activities: list[Activity] = []
        self._thread: threading.Thread | None = None
        self._heard = 0.0
        self._silent_since: float | None = None

    @contextlib.contextmanager
    def during(self, activity: Activity) -> Iterator[None]:
        """Speaks of an activity, where it lasts."""
        if self.is_quiet:
            yield
            return
        self._begin(activity)
        try:
            yield
        finally:
            self._end(activity)
            if self.tells_times and activity.title:
                took = f"{activity.title} took {time.monotonic() - activity.began:.1f} s"
                standard_error().print(took, markup=False, highlight=False, soft_wrap=True)

    def was_heard(self) -> None:
        """Somebody else has said something: there is no need to speak for a while."""
        self._heard = time.monotonic()

    @contextlib.contextmanager
    def silent_since(self, moment: float) -> Iterator[None]:
        """See `brave_tf.progress.silent_since`."""
        self._silent_since = moment
        try:
            yield
        finally:
            self._silent_since = None

    @contextlib.contextmanager
    def heard_on(self, stream: TextIO) -> Iterator[None]:
        """See `brave_tf.progress.heard_on`."""
        with self._changed:
            self._hide()
            ELSEWHERE.append(stream)
        try:
            yield
        finally:
            with self._changed:
                self._hide()
                ELSEWHERE.remove(stream)

    def _hide(self) -> None:
        for activity in self._activities:
            activity.hide()
        self._changed.notify()

    def _begin(self, activity: Activity) -> None:
        with self._changed:
            if self._activities:
                self._activities[-1].give_way(activity)
            activity.begin()
            self._activities.append(activity)
            if self._thread is None:
                # Between the activities of a command nobody else speaks.
                since = self._silent_since
                self._heard = time.monotonic() if since is None else max(since, self._heard)
                self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _end(self, activity: Activity) -> None:
        with self._changed:
            if activity not in self._activities:
                return  # In a copy of the process that it began in.
            self._activities.remove(activity)
            activity.end()
            thread = None
            if self._activities:
                self._activities[-1].go_on()
            else:
                thread, self._thread = self._thread, None
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _speak(self) -> None:
        # Signals are for the main thread, whose waiting they end.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with self._changed:
            while self._thread is threading.current_thread():
                now = time.monotonic()
                has_lasted = now - self._activities[0].began
                silent_seconds = SILENT_SECONDS if has_lasted < LONG_SECONDS else SILENT_SECONDS_AFTERWARDS
                due = self._activities[-1].due(self._heard + silent_seconds)
                if due <= now:
                    self._activities[-1].say(now)
                    self.was_heard()
                else:
                    self._changed.wait(None if math.isinf(due) else due - now)


SPEAKER = Speaker()
os.register_at_fork(after_in_child=SPEAKER.forget)
