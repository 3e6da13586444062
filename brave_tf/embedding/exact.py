"""Exact comparison of vectors, block by block: what is in memory does not grow with the table."""

from collections.abc import Callable, Iterable

import numpy as np

from brave_tf.progress import Advance

SMALLEST_NORM = 1e-12
"""A vector of no length is like no other: its similarity is 0."""
Transform = Callable[[np.ndarray], np.ndarray]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, [..., D] float32."""
    norms = np.sqrt(np.vecdot(vectors, vectors))
    return np.asarray(vectors / np.maximum(norms, SMALLEST_NORM)[..., None], np.float32)


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
        [rows] float32 in [-1, 1]. Equal rows have equal similarities, wherever they stand: each is a dot product by
        itself, which no other row changes.
    """
    direction, found = unit(query), [np.zeros(0, np.float32)]
    for block in blocks:
        rows = np.ascontiguousarray(block if transform is None else transform(block), np.float32)
        norms = np.sqrt(np.vecdot(rows, rows))
        found.append(np.clip(np.vecdot(rows, direction) / np.maximum(norms, SMALLEST_NORM), -1.0, 1.0))
        advance(len(block))
    return np.concatenate(found)
