"""Gathers what clips look and sound like, and finds those that have copies."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from brave_tf.verification.duplicates import equal_groups, groups_of, pairs_alike
from brave_tf.verification.fingerprint import BITS
from brave_tf.verification.record_check import DIGEST_BYTES, CheckedRecord
from brave_tf.verification.report import ClipPlace, CopiedClips


class CopiedRows(NamedTuple):
    """Rows of the clip table with one content."""

    rows: tuple[int, ...]
    is_exact: bool

    def as_clips(self, place: Callable[[int], ClipPlace]) -> CopiedClips:
        """The same with what the report says of a clip."""
        return CopiedClips(tuple(map(place, self.rows)), self.is_exact)


class Copies:
    """Some hundred bytes for each clip.

    Args:
        clips: how many there are.
    """

    def __init__(self, clips: int):
        self._digests = np.zeros((clips, DIGEST_BYTES), np.uint8)
        self._bits = np.zeros((clips, BITS // 8), np.uint8)
        self._has = np.zeros((clips, 3), bool)
        self._usable = np.zeros(clips, bool)

    def add(self, row: int, checked: CheckedRecord) -> None:
        """Takes down an undamaged clip."""
        self._usable[row] = True
        self._digests[row] = np.frombuffer(checked.digest, np.uint8)
        if mark := checked.fingerprint:
            self._bits[row] = mark.bits
            self._has[row] = mark.has_appearance, mark.has_motion, mark.has_sound

    def found(self, splits: pa.ChunkedArray) -> tuple[list[CopiedRows], list[CopiedRows]]:
        """Clips with copies in several splits, exact ones or alike, and clips with exact copies in one split alone.

        Args:
            splits: of all clips.
        """
        split = splits.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        leaks: list[CopiedRows] = []
        duplicates: list[CopiedRows] = []
        has = self._has & self._usable[:, None]
        content = np.arange(len(has))
        for rows in equal_groups(self._digests, self._usable):
            first_of_splits = rows[np.unique(split[rows], return_index=True)[1]]
            (leaks if first_of_splits.size > 1 else duplicates).append(CopiedRows(tuple(rows.tolist()), True))
            # One of each split is looked for among the others; what is equal is known.
            has[np.setdiff1d(rows, first_of_splits)] = False
            content[rows] = rows[0]
        first, second = pairs_alike(self._bits, has, split)
        differ = content[first] != content[second]
        leaks += [CopiedRows(tuple(rows.tolist()), False) for rows in groups_of(first[differ], second[differ])]
        return leaks, duplicates
