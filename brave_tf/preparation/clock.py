"""Where the clock of a stream jumps: nothing is made up for what is missing, and it is said how much that is."""

import bisect
import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from brave_tf.config import SOURCE_FPS
from brave_tf.preparation.limits import LONGEST_GAP_SECONDS, check_time

JUMP_BACK_SECONDS = 1.0
"""A clock that goes back by more than this has jumped. Decoders give pictures of damaged streams in the wrong order, by
less."""

Timed = TypeVar("Timed", bound=tuple[Any, ...])
"""Something behind its time in seconds."""


@dataclasses.dataclass(frozen=True)
class Stretch:
    """What comes from one jump of a clock to the next.

    Attributes:
        first_seconds: where it begins, by the file's clock.
        lap: how often the clock has begun again, at times that there had been before. Recordings that were joined do.
        elapsed_seconds: where it begins, counted from the stream's own beginning; from lap to lap this goes on.
    """

    first_seconds: float
    lap: int
    elapsed_seconds: float


class Clock:
    """Follows the clock of a stream.

    Args:
        what: what the stream holds, such as "picture".
    """

    def __init__(self, what: str):
        self._what = what
        self._stretch: Stretch | None = None
        self._latest = 0.0
        self._strays = 0
        self._lap_start = Stretch(0.0, 0, 0.0)
        # First and last time of every stretch but the present one, sorted within each lap.
        self._laps: list[list[tuple[float, float]]] = [[]]

    def follow(self, start_seconds: float, end_seconds: float) -> Stretch:
        """Takes down what comes next, from when to when; returns the stretch that it is part of.

        Raises:
            MediaError: it comes later than any recording lasts.
        """
        if self._stretch is None or _is_jump(self._latest, start_seconds):
            check_time(start_seconds, self._what)
            self._stretch = self._next(start_seconds)
            self._latest = end_seconds
        elif end_seconds > self._latest:
            self._latest = end_seconds
        return self._stretch

    def divide(self, timed: Iterable[tuple[float, Any]]) -> Iterator[tuple[Stretch, Iterator[Any]]]:
        """Divides pictures, each behind its time in seconds, where the clock jumps.

        Yields:
            Stretches with their pictures, to be read before the next stretch.
        """
        for stretch, group in itertools.groupby(self.steady(timed), lambda pair: self.follow(pair[0], pair[0])):
            yield stretch, (picture for _, picture in group)

    def steady(self, timed: Iterable[Timed]) -> Iterator[Timed]:
        """Leaves out what has a time far from that of its neighbours, who agree: that time is damaged.

        Each item is to be followed before the next one is asked for.
        """
        doubtful: Timed | None = None
        for item in timed:
            if doubtful is not None:
                is_near = abs(item[0] - self._latest) < abs(item[0] - doubtful[0])
                if is_near and not _is_jump(self._latest, item[0]):
                    self._strays += 1
                else:
                    yield doubtful
                doubtful = None
            if self._stretch is not None and _is_jump(self._latest, item[0]):
                doubtful = item
            else:
                yield item
        if doubtful is not None:
            yield doubtful

    @property
    def stretches(self) -> int:
        """How many there were, the present one included."""
        return sum(map(len, self._known()))

    @property
    def span(self) -> tuple[float, float] | None:
        """First and last time of the first lap, by the file's clock; None if nothing came."""
        laps = self._known()
        return (laps[0][0][0], max(last for _, last in laps[0])) if laps else None

    @property
    def seconds(self) -> float:
        """How long all stretches last."""
        return sum(last - first for lap in self._known() for first, last in lap)

    def remarks(self) -> Iterator[str]:
        """What is missing, in words that follow the name of the file."""
        gaps = [gap for lap in self._known() for gap in _gaps(lap)]
        if gaps:
            total = sum(end - start for start, end in gaps)
            places = "from" if len(gaps) == 1 else f"in {len(gaps):,} gaps, the first from"
            yield f"has no {self._what} for {total:,.1f} s {places} {gaps[0][0]:.1f} s on"
        if self._strays:
            yield f"has {self._strays:,} of the times of its {self._what} far from their neighbours, which are left out"
        returns = len(self._laps) - 1
        if returns:
            yield f"has a clock of its {self._what} that begins again {returns:,} time{'s' * (returns > 1)}"

    def _next(self, seconds: float) -> Stretch:
        """The stretch that begins at `seconds`."""
        stretch = self._stretch
        if stretch is None:
            self._lap_start = Stretch(seconds, 0, 0.0)
            return self._lap_start
        bisect.insort(self._laps[-1], (stretch.first_seconds, self._latest))
        if seconds < self._lap_start.first_seconds or self._is_known(seconds):
            elapsed = stretch.elapsed_seconds + self._latest - stretch.first_seconds
            self._lap_start = Stretch(seconds, stretch.lap + 1, elapsed + 1 / SOURCE_FPS)
            self._laps.append([])
            return self._lap_start
        start = self._lap_start
        return Stretch(seconds, start.lap, start.elapsed_seconds + seconds - start.first_seconds)

    def _is_known(self, seconds: float) -> bool:
        before = bisect.bisect(self._laps[-1], (seconds, math.inf)) - 1
        return before >= 0 and seconds <= self._laps[-1][before][1]

    def _known(self) -> list[list[tuple[float, float]]]:
        if self._stretch is None:
            return []
        return [*self._laps[:-1], sorted([*self._laps[-1], (self._stretch.first_seconds, self._latest)])]


def remark_silence(pictures: Clock, sound: Clock) -> Iterator[str]:
    """Where pictures go on for long without any sound before its first or after its last, in words as in `remarks`."""
    seen, heard = pictures.span, sound.span
    if seen is None or heard is None:
        return
    if heard[0] - seen[0] > LONGEST_GAP_SECONDS:
        yield f"has no sound for its first {heard[0] - seen[0]:,.1f} s"
    if seen[1] - heard[1] > LONGEST_GAP_SECONDS:
        yield f"has no sound for its last {seen[1] - heard[1]:,.1f} s"


def _is_jump(before: float, after: float) -> bool:
    return not -JUMP_BACK_SECONDS <= after - before <= LONGEST_GAP_SECONDS


def _gaps(stretches: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    reached = stretches[0][0]
    for first, last in stretches:
        if first - reached > LONGEST_GAP_SECONDS:
            yield reached, first
        reached = max(reached, last)
