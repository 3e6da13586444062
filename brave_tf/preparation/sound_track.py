"""Mono sound on the file's time line, of which little is in memory: its gaps cost nothing, however long they are."""

import collections
import dataclasses
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from brave_tf.preparation.clock import Clock
from brave_tf.preparation.limits import MediaError


@dataclasses.dataclass(frozen=True)
class Piece:
    """Samples that follow one another.

    Attributes:
        lap: see `brave_tf.preparation.clock.Stretch`.
        first: number of the first one, counted by the file's clock from the beginning of the sound.
        samples: [N] float32.
    """

    lap: int
    first: int
    samples: np.ndarray

    @property
    def end(self) -> int:
        """Number after the last sample."""
        return self.first + self.samples.size


class SoundTrack:
    """Mono sound, of which what was asked for last is in memory.

    Args:
        pieces: the sound in the order of the file; between them there may be long gaps.
        rate_hz: samples per second.
        start_seconds: time of sample 0, from the file's start.
        declared_seconds: where the file says that the sound ends, or None.
        clock: follows the times of the pieces that are read.
    """

    def __init__(
        self,
        pieces: Iterator[Piece],
        rate_hz: int,
        start_seconds: float,
        declared_seconds: float | None = None,
        clock: Clock | None = None,
    ):
        self.rate_hz = rate_hz
        self.start_seconds = start_seconds
        self.declared_seconds = declared_seconds
        self.clock = clock or Clock("sound")
        self._pieces = pieces
        self._held: collections.deque[Piece] = collections.deque()
        self._lap = self._end = self._latest_end = 0

    def cut(self, start_seconds: float, seconds: float, lap: int = 0) -> np.ndarray:
        """The sound from `start_seconds` on, silent where there is none; empty if there is none at all.

        What lies before is forgotten: pieces are to be asked for in the order of the file.

        Raises:
            MediaError: a sample is not a finite number.
        """
        first = round((start_seconds - self.start_seconds) * self.rate_hz)
        count = round(seconds * self.rate_hz)
        while self._held and (self._held[0].lap, self._held[0].end) <= (lap, first):
            self._held.popleft()
        stop = first + count
        self._read(lap, first, stop)
        heard = [piece for piece in self._held if piece.lap == lap and first < piece.end and piece.first < stop]
        if not heard:
            return np.zeros(0, np.float32)
        cut = np.zeros(count, np.float32)
        for piece in heard:
            low, high = max(piece.first, first), min(piece.end, stop)
            cut[low - first : high - first] = piece.samples[low - piece.first : high - piece.first]
        finite = np.isfinite(cut)
        if not finite.all():
            place = start_seconds + int(np.argmin(finite)) / self.rate_hz
            raise MediaError(f"has sound that is not a finite number at {place:.2f} s")
        return np.clip(cut, -1.0, 1.0)

    def reach(self, seconds: float) -> float:
        """Reads on for at least `seconds` from the start, if there is as much; returns how much is read."""
        self._read(0, 0, round(seconds * self.rate_hz) + 1)
        return self._latest_end / self.rate_hz

    def read_to_end(self) -> float:
        """Reads all that is left, without keeping it; returns the time after the last sample."""
        for piece in self._pieces:
            self._note(piece)
        return self.start_seconds + self._latest_end / self.rate_hz

    def stretches(self) -> Iterator[tuple[float, "SoundTrack"]]:
        """Divides the sound where its clock jumps.

        Yields:
            Seconds from the start of the sound, which go on where the clock goes back, and the sound from there on,
            to be read to its end before the next one.
        """
        elapsed = 0
        for _, group in itertools.groupby(self._pieces, _stretch_number()):
            pieces = iter(group)
            head = next(pieces)
            if head.lap == self._lap:
                elapsed += head.first - self._end
            moved = self._from_zero(head, pieces)
            track = SoundTrack(moved, self.rate_hz, self.start_seconds + elapsed / self.rate_hz)
            yield elapsed / self.rate_hz, track
            elapsed += self._end - head.first

    def _from_zero(self, head: Piece, pieces: Iterator[Piece]) -> Iterator[Piece]:
        for piece in itertools.chain([head], pieces):
            self._note(piece)
            yield Piece(0, piece.first - head.first, piece.samples)

    def _read(self, lap: int, first: int, end: int) -> None:
        """Reads pieces up to a sample, and keeps those from sample `first` on."""
        while (self._lap, self._end) < (lap, end) and (piece := next(self._pieces, None)) is not None:
            self._note(piece)
            if (piece.lap, piece.end) > (lap, first):
                self._held.append(piece)

    def _note(self, piece: Piece) -> None:
        self._lap, self._end = piece.lap, piece.end
        self._latest_end = max(self._latest_end, piece.end)


def _stretch_number() -> Callable[[Piece], int]:
    """Tells pieces apart that do not follow one another."""
    number, place = 0, (0, 0)

    def follow(piece: Piece) -> int:
        nonlocal number, place
        number += (piece.lap, piece.first) != place
        place = (piece.lap, piece.end)
        return number

    return follow
