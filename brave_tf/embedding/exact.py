"""Exact comparison of vectors, block by block: what is in memory does not grow with the table."""

from collections.abc import Callable, Iterable

import numpy as np

from brave_tf.errors import UserError
from brave_tf.progress import Advance

SMALLEST_NORM = 1e-12
"""A vector of no length is like no other: its similarity is 0."""
Transform = Callable[[np.ndarray], np.ndarray]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, [..., D] float32."""
    wide = np.asarray(vectors, np.float64)
    norms = np.sqrt(np.vecdot(wide, wide))
    with np.errstate(invalid="ignore"):
        return np.asarray(wide / np.maximum(norms, SMALLEST_NORM)[..., None], np.float32)


def similarities(
    blocks: Iterable[np.ndarray], query: np.ndarray, advance: Advance, transform: Transform | None = None
) -> np.ndarray:
    """Cosine similarity of every row with the query.

    Args:
        blocks: the rows in order, [n, D] float32 each.
        query: [D], of any length.
        advance: called with the number of finished rows.
        transform: from a block to vectors of the query's size; None takes the rows as they are.

    Returns:
        [rows] float32 in [-1, 1], 0 for a row of no length. Equal rows have equal similarities, wherever they stand:
        each is a dot product by itself, which no other row changes.

    Raises:
        UserError: a vector is not finite.
    """
    direction, found = unit(query), [np.zeros(0, np.float32)]
    for block in blocks:
        rows = np.ascontiguousarray(block if transform is None else transform(block), np.float32)
        found.append(np.clip(_cosines(rows, direction), -1.0, 1.0))
        advance(len(block))
    return np.concatenate(found)


def _cosines(rows: np.ndarray, direction: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        cosines = np.vecdot(rows, direction) / np.maximum(np.sqrt(np.vecdot(rows, rows)), SMALLEST_NORM)
        # Squares of large numbers have no place in float32.
        large = ~np.isfinite(cosines) | (cosines == 0)
        if large.any():
            wide = rows[large].astype(np.float64)
            cosines[large] = np.vecdot(wide, direction) / np.maximum(np.sqrt(np.vecdot(wide, wide)), SMALLEST_NORM)
    if not np.isfinite(cosines).all():
        raise UserError(
            "received vectors to compare that are not finite; expected finite ones: look at the weights of the encoder "
            "and its heads"
        )
    return cosines
