"""What the rows of a table are compared with: a query as the table's encoder sees it, or as its heads do."""

import contextlib
import dataclasses
import functools
import math
import os
from collections.abc import Callable

import numpy as np

from brave_tf.embedding.across import (
    modality_of,
    query_across,
    query_projection,
    query_tower,
    rows_across,
    rows_projection,
)
from brave_tf.embedding.exact import Transform
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.query import Query, batches
from brave_tf.embedding.query_job import decoded_query
from brave_tf.embedding.table import EmbeddingTable
from brave_tf.embedding.vectors import WindowEmbedder
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.heads import Heads, load_heads
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError, one_line
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.progress import note, phase

Place = Encoder | str | os.PathLike[str]
SHOWN_DIGITS = 12
"""Of a hash."""


@dataclasses.dataclass(frozen=True)
class QueryVector:
    """A query, ready to be compared.

    Attributes:
        vector: of as many numbers as a row has, or as `transform` gives it.
        start: where the query begins, in seconds of its file.
        end: where it ends.
        modality: what of the file it is made of.
        transform: what makes rows comparable with it; None if they are as they are.
    """

    vector: np.ndarray
    start: float
    end: float
    modality: Modality
    transform: Transform | None = None


Compare = Callable[[EmbeddingTable, Query, Place | None], QueryVector]


def by_embedding(table: EmbeddingTable, query: Query, encoder: Place | None) -> QueryVector:
    """The mean embedding of the query's windows, which are cut as the table's were.

    Raises:
        UserError: the encoder does not load or is another one than the table's, or the query cannot be used.
    """
    rows, start, end, loaded = _as_rows(table, query, encoder)
    return QueryVector(rows.mean(axis=0), start, end, loaded.card.modality)


def by_projection(table: EmbeddingTable, query: Query, encoder: Place | None) -> QueryVector:
    """The same after the projectors of the table's tower.

    Raises:
        UserError: see `by_embedding`; or there are no heads.
    """
    heads = _heads(table, encoder)
    chosen = heads.of(table.facts.tower)
    rows, start, end, loaded = _as_rows(table, query, encoder)
    return QueryVector(query_projection(chosen, rows), start, end, loaded.card.modality, rows_projection(chosen))


def across_modalities(table: EmbeddingTable, query: Query, encoder: Place | None) -> QueryVector:
    """The query as the other side of the model sees it, and what makes the rows comparable with that.

    Raises:
        UserError: there are no heads, they or the model's other tower are of other weights, or the query cannot be
            used.
    """
    heads, own = _heads(table, encoder), table.facts.tower
    tower = query_tower(heads, own)
    towards_table, towards_query = heads.between(tower, own)
    loaded = load_encoder(heads.place, tower)
    if loaded.weights_sha256() != heads.weights_sha256[tower]:
        raise UserError(
            f"the heads in {heads.place} are of another step than its tower {tower}; expected those of one step; give "
            "a checkpoint of the run, RUN/checkpoints/step-N"
        )
    words = [MODALITIES[modality_of(each)].word for each in (tower, own)]
    note(f"the {words[0]} of {query} (tower {tower}) is compared with {words[1]} (tower {own}), by {heads.place}")
    rows, start, end = _embedded(loaded, query, Grid.of(loaded.card.input_view))
    return QueryVector(query_across(towards_table, rows), start, end, modality_of(tower), rows_across(towards_query))


def _heads(table: EmbeddingTable, encoder: Place | None) -> Heads:
    place = (
        table.facts.place_of(table.facts.encoder)
        if encoder is None
        else encoder.path
        if isinstance(encoder, Encoder)
        else encoder
    )
    with phase("loading the heads"):
        heads = load_heads(place)
    own = table.facts.tower
    if own not in heads.weights_sha256:
        raise UserError(
            f"{table.path} is of a tower {own}; {place} has {', '.join(heads.weights_sha256)}; give the model that the "
            "table was made with, with --encoder"
        )
    _check_hash(table, heads.weights_sha256[own], heads.place)
    return heads


def _as_rows(table: EmbeddingTable, query: Query, encoder: Place | None) -> tuple[np.ndarray, float, float, Encoder]:
    """The query's embeddings as the table would hold them, where they begin and end, and the encoder."""
    facts = table.facts
    seen = MODALITIES[facts.card.modality]
    if seen.prepare_option:
        raise UserError(
            f"{table.path} holds embeddings of {seen.word}, which no media file has by itself; expected a table of "
            "pictures or sound; with --cross pictures may look for it, and --near-duplicates needs no query"
        )
    with phase("loading the encoder"):
        loaded = _loaded(table, encoder)
    _check_hash(table, loaded.weights_sha256(), loaded.path)
    if loaded.card.input_view != facts.card.input_view:
        raise UserError(
            f"{loaded.path} is shown other clips now than when {table.path} was made of it; write the table again with "
            "brave-tf embed"
        )
    try:
        grid = Grid.of(loaded.card.input_view, facts.window, facts.stride)
    except UsageError:
        raise UserError(
            f"{table.path} tells of windows of {facts.window:g} s, one every {facts.stride:g} s, which are too long; "
            "write it again with brave-tf embed"
        ) from None
    return *_embedded(loaded, query, grid), loaded


def _loaded(table: EmbeddingTable, encoder: Place | None) -> Encoder:
    if encoder is not None:
        return load_encoder(encoder, None if isinstance(encoder, Encoder) else table.facts.tower)
    try:
        return load_encoder(table.facts.place_of(table.facts.encoder), table.facts.tower)
    except UserError as error:
        raise UserError(f"the encoder of {table.path} does not load ({error}); give it with --encoder") from None


def _check_hash(table: EmbeddingTable, sha256: str, place: object) -> None:
    expected = table.facts.weights_sha256
    if sha256 != expected:
        raise UserError(
            f"{table.path} was made by {one_line(table.facts.encoder)} with the weights {expected[:SHOWN_DIGITS]}…; "
            f"received {place} with the weights {sha256[:SHOWN_DIGITS]}…; expected the same weights; give them with "
            "--encoder, or write the table again with brave-tf embed"
        )


def _embedded(encoder: Encoder, query: Query, grid: Grid) -> tuple[np.ndarray, float, float]:
    """The embeddings of the query's windows, [n, D], and where it begins and ends."""
    embed = _embedder(encoder, grid)
    rows: list[np.ndarray] = []
    start, end = math.inf, 0.0
    with (
        phase(f"embedding {query}"),
        contextlib.closing(decoded_query(query, encoder.card.input_view, grid)) as windows,
    ):
        for batch in batches(windows, embed.batch_size):
            rows.append(embed.windows(batch))
            start, end = min(start, batch[0].start), max(end, batch[-1].end)
    if not rows:
        raise UserError(f"{query} cannot be searched for: it has no windows; choose another --query")
    return np.concatenate(rows), start, end


@functools.lru_cache(maxsize=1)
def _embedder(encoder: Encoder, grid: Grid) -> WindowEmbedder:
    """Kept for the next search with the same encoder, whose graph is traced then."""
    return WindowEmbedder(encoder, grid)
