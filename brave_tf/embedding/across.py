"""Search by heads: within a tower by its projections, and across modalities by what towers predict of each other."""

from collections.abc import Sequence

import numpy as np

from brave_tf.embedding.exact import Transform, unit
from brave_tf.encoders.heads import HeadFunction, Heads, project
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES, NARROW, Modality, Tower

BLOCK_ROWS = 1024
"""Rows whose projections are computed at once; hidden layers are wide."""


def query_tower(heads: Heads, table: Tower) -> Tower:
    """The tower that looks across into a table: that of sound for pictures, the narrow one for sound.

    Args:
        heads: of the model.
        table: the tower that the table is of.

    Raises:
        UserError: the model has no such tower.
    """
    if table != "narrow":
        return "narrow"
    sound: list[Tower] = [tower for tower in heads.weights_sha256 if tower != "narrow" and MODALITIES[tower].is_sound]
    if not sound:
        raise UserError(
            f"{heads.place} has the towers {', '.join(heads.weights_sha256)}, and none of sound; expected a model that "
            "was trained on pictures and sound, such as one of the preset tiny-va"
        )
    return sound[0]


def modality_of(tower: Tower) -> Modality:
    """What a tower embeds."""
    return NARROW if tower == "narrow" else tower


def rows_across(head: HeadFunction) -> Transform:
    """Makes rows of a table comparable with `query_across` of another tower's embeddings.

    Both directions are trained: the query's prediction regresses the row's projection, and the row's prediction the
    query's projection. The mean of the two cosines is one dot product of vectors of both, [n, 2 P].

    Args:
        head: the table's tower's, towards the query's.

    Reference:
        The paper, equations (1) to (4).
    """
    return _by_parts(lambda rows: np.concatenate([unit(each) for each in project(head, rows)], axis=-1))


def query_across(head: HeadFunction, embeddings: np.ndarray) -> np.ndarray:
    """What rows that `rows_across` gives are compared with, [2 P].

    Args:
        head: the query's tower's, towards the table's.
        embeddings: [windows, D]; of several, projections and predictions are averaged, as the loss does with several
            broad views.
    """
    z, h = (np.mean(values, axis=0) for values in project(head, embeddings))
    return np.concatenate([unit(h), unit(z)])


def rows_projection(heads: Sequence[HeadFunction]) -> Transform:
    """Makes rows of a table comparable with `query_projection`: their projections, [n, P] for each head.

    Args:
        heads: the table's tower's, towards every other tower.
    """
    return _by_parts(lambda rows: np.concatenate([unit(project(head, rows)[0]) for head in heads], axis=-1))


def query_projection(heads: Sequence[HeadFunction], embeddings: np.ndarray) -> np.ndarray:
    """What rows that `rows_projection` gives are compared with, [P] for each head: the mean over windows [n, D]."""
    return np.concatenate([unit(project(head, embeddings)[0].mean(axis=0)) for head in heads])


def _by_parts(transform: Transform) -> Transform:
    def each(rows: np.ndarray) -> np.ndarray:
        starts = range(0, len(rows), BLOCK_ROWS)
        return np.concatenate([transform(rows[first : first + BLOCK_ROWS]) for first in starts])

    return each
