"""The answers of a search: moments of files, the best first."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa


@dataclasses.dataclass(frozen=True)
class Answer:
    """A moment that is like the query.

    Attributes:
        file: its file, as the table calls it.
        start: where it begins, in seconds of the file.
        end: where it ends.
        score: how like it is, from -1 to 1.
    """

    file: str
    start: float
    end: float
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Places:
    """Where the rows of a table are from.

    Attributes:
        names: of the files, each once.
        file: [rows] number of the file.
        start: [rows] seconds.
        end: [rows] seconds.
    """

    names: list[str]
    file: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, table: pa.Table) -> "Places":
        """Those of a table with the columns `file`, `start` and `end`."""
        files = table["file"].combine_chunks().dictionary_encode()
        if isinstance(files, pa.ChunkedArray):
            files = files.combine_chunks() if files.num_chunks else pa.array([], pa.string()).dictionary_encode()
        names: list[str] = files.dictionary.to_pylist()
        return cls(names, files.indices.to_numpy(), table["start"].to_numpy(), table["end"].to_numpy())

    def answer(self, row: int, score: float) -> Answer:
        """A row as an answer."""
        return Answer(self.names[self.file[row]], float(self.start[row]), float(self.end[row]), float(score))

    def overlapping(self, files: np.ndarray, start: float, end: float) -> np.ndarray:
        """[rows] whether a row shares a moment with this stretch of one of the files, given by their numbers."""
        return np.isin(self.file, files) & (self.start < end) & (self.end > start)


def best_moments(places: Places, scores: np.ndarray, top: int, allowed: np.ndarray | None = None) -> list[Answer]:
    """The best moments: of windows of one file that overlap, the best stands for all of them.

    Args:
        places: of the rows.
        scores: [rows].
        top: so many at most.
        allowed: [rows] whether a row may be an answer; None for all of them.

    Returns:
        Answers by falling score; of equal scores, the row that comes first in the table.
    """
    answers: list[Answer] = []
    taken: dict[int, list[tuple[float, float]]] = {}
    for row in _ranked(scores, np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed), top):
        if len(answers) >= top:
            break
        start, end = float(places.start[row]), float(places.end[row])
        moments = taken.setdefault(int(places.file[row]), [])
        if all(start >= other_end or end <= other_start for other_start, other_end in moments):
            moments.append((start, end))
            answers.append(places.answer(row, scores[row]))
    return answers


def _ranked(scores: np.ndarray, rows: np.ndarray, least: int) -> Iterator[int]:
    """Rows by falling score and rising number; no more of them are sorted than are asked for, or twice as many."""
    count = 8 * least
    while len(rows):
        threshold = np.partition(scores[rows], -count)[-count] if count < len(rows) else -np.inf
        is_next = scores[rows] >= threshold
        chosen = rows[is_next]
        yield from chosen[np.argsort(-scores[chosen], kind="stable")].tolist()
        rows, count = rows[~is_next], 2 * count
