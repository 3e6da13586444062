"""Pairs of files that are nearly the same, by the mean of their embeddings."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from brave_tf.embedding.answers import Places
from brave_tf.embedding.exact import unit
from brave_tf.errors import UserError
from brave_tf.progress import Advance, note

DEFAULT_SCORE = 0.995
"""What two copies have depends on the encoder: docs/embedding.md."""
MOST_PAIRS = 1_000_000
_MANY_FOR_A_FILE = 5
_FILES_AT_ONCE = 1024


@dataclasses.dataclass(frozen=True)
class FilePair:
    """Two files that are alike.

    Attributes:
        file: the one that comes first in the table.
        other: the other one.
        score: cosine similarity of their mean embeddings.
    """

    file: str
    other: str
    score: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


def mean_vectors(places: Places, blocks: Iterable[np.ndarray], size: int, advance: Advance) -> np.ndarray:
    """Mean embedding of every file, [files, D] float32: what `embed --pool video` writes.

    Args:
        places: of the rows.
        blocks: the rows in order.
        size: D.
        advance: called with the number of finished rows.
    """
    sums = np.zeros((len(places.names), size))
    first = 0
    for block in blocks:
        # Rows of a file lie beside each other.
        files = places.file[first : first + len(block)]
        begins = np.flatnonzero(np.diff(files, prepend=-1))
        np.add.at(sums, files[begins], np.add.reduceat(block, begins, axis=0, dtype=np.float64))
        first += len(block)
        advance(len(block))
    counts = np.bincount(places.file, minlength=len(places.names))
    return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)


def similar_pairs(names: list[str], vectors: np.ndarray, score: float, advance: Advance) -> list[FilePair]:
    """All pairs of files of at least this score.

    Args:
        names: of the files.
        vectors: [files, D].
        score: least cosine similarity.
        advance: called with the number of files that are compared with all that come after them.

    Returns:
        Pairs by falling score, equal ones in the order of the table.

    Raises:
        UserError: there are more than `MOST_PAIRS`.
    """
    directions = unit(vectors)
    firsts, others, scores = [], [], []
    found = 0
    for begin in range(0, len(directions), _FILES_AT_ONCE):
        rows = directions[begin : begin + _FILES_AT_ONCE]
        for start in range(begin, len(directions), _FILES_AT_ONCE):
            likeness = rows @ directions[start : start + _FILES_AT_ONCE].T
            first, other = np.nonzero(likeness >= score)
            later = other + start > first + begin
            first, other = first[later], other[later]
            found += len(first)
            if found > MOST_PAIRS:
                raise UserError(
                    f"more than {MOST_PAIRS:,} pairs of files have a score of at least {score:g}; expected fewer; give "
                    "a higher one, such as --near-duplicates 0.999"
                )
            firsts.append(first + begin)
            others.append(other + start)
            scores.append(np.minimum(likeness[first, other], 1.0))
        advance(len(rows))
    if not found:
        return []
    if found > _MANY_FOR_A_FILE * len(names):
        note(
            f"{found:,} pairs of {len(names):,} files have a score of at least {score:g}: if these are no copies, the "
            "encoder tells too little apart; give a higher score, or embed by another encoder"
        )
    first, other, values = (np.concatenate(each) for each in (firsts, others, scores))
    order = np.lexsort((other, first, -values))
    return [FilePair(names[first[row]], names[other[row]], float(values[row])) for row in order]
