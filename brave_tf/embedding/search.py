"""A search in a table of embeddings, from the query's file to the best moments."""

import contextlib
import dataclasses
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from brave_tf.embedding.answers import Answer, Places, best_moments
from brave_tf.embedding.approximate import WORTH_ROWS, check_installed, row_index
from brave_tf.embedding.exact import similarities
from brave_tf.embedding.near_duplicates import DEFAULT_SCORE, FilePair, mean_vectors, similar_pairs
from brave_tf.embedding.query import Query, files_of_query, parse_query
from brave_tf.embedding.query_vector import (
    Compare,
    Place,
    QueryVector,
    across_modalities,
    by_embedding,
    by_projection,
)
from brave_tf.embedding.table import EmbeddingTable, TableFacts, open_table
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UsageError
from brave_tf.progress import Advance, note, phase, track
from brave_tf.storage import is_remote

TOP = 10
COUNTED_ROWS = 50_000
"""From so many on, progress is counted."""


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        table: path of the table.
        facts: what it says about itself.
        answers: moments, the best first; or pairs of files where near duplicates were asked for.
        query: what was searched for; None for near duplicates.
        compared: the query's vector; None for near duplicates.
        command: the words that search for this again.
    """

    table: Path
    facts: TableFacts
    answers: list[Answer] | list[FilePair]
    query: Query | None = None
    compared: QueryVector | None = None
    command: tuple[str, ...] = ()

    @property
    def folder(self) -> Path | None:
        """What relative names of files count from; None where they name no files."""
        return folder_of(self.facts)


def folder_of(facts: TableFacts) -> Path | None:
    """What relative names of files in a table count from; None where they name clips of a dataset."""
    if facts.data is not None or facts.folder is None or is_remote(facts.folder):
        return None
    return Path(facts.folder)


def find(
    table: str | os.PathLike[str],
    query: str | os.PathLike[str] | None,
    *,
    encoder: Place | None,
    projections: bool,
    cross: bool,
    near_duplicates: float | bool | None,
    approximate: bool,
    top: int | None,
) -> Found:
    """Does what `brave_tf.commands.search` documents, but for the page."""
    score = None if near_duplicates is False else near_duplicates
    if (score is None) == (query is None):
        raise UsageError(
            f"received {'neither' if query is None else 'both'} of --query and --near-duplicates; expected one, such "
            "as --query film.mp4@12.5"
        )
    if top is not None and top < 1:
        raise UsageError(f"received --top {top}; expected at least 1")
    ways = {"--projections": projections, "--cross": cross, "--approximate": approximate}
    given = [name for name, is_given in ways.items() if is_given]
    if score is not None:
        if given or encoder is not None:
            raise UsageError(f"received {(given or ['--encoder'])[0]} with --near-duplicates; expected the table alone")
        words = ["--near-duplicates", *([] if score is True else [f"{score:g}"])]
        return _again(near_duplicates_in(table, score, top), table, words, top)
    if len(given) > 1:
        raise UsageError(f"received {' and '.join(given)}; expected at most one of them")
    assert query is not None
    compare = across_modalities if cross else by_projection if projections else by_embedding
    found = search_in(table, query, compare, encoder, approximate=approximate, top=TOP if top is None else top)
    words = [] if encoder is None else ["--encoder", str(encoder.path if isinstance(encoder, Encoder) else encoder)]
    return _again(found, table, ["--query", os.fspath(query), *words, *given], top)


def _again(found: Found, table: str | os.PathLike[str], words: list[str], top: int | None) -> Found:
    last = [] if top is None else ["--top", str(top)]
    return dataclasses.replace(found, command=("brave-tf", "search", os.fspath(table), *words, *last))


def near_duplicates_in(path: str | os.PathLike[str], score: float | bool, top: int | None = None) -> Found:
    """Pairs of files of a table whose mean embeddings are alike; see `brave_tf.commands.search`."""
    least = DEFAULT_SCORE if score is True else float(score)
    if not -1.0 <= least <= 1.0:
        raise UsageError(f"received --near-duplicates {least:g}; expected a cosine from -1 to 1, such as 0.99")
    table = open_table(os.fspath(path))
    places = Places.of(table.places())
    with _counted(table.rows, "averaging over files") as advance:
        vectors = mean_vectors(places, table.blocks(), table.facts.embedding_size, advance)
    with _counted(len(vectors), "comparing files") as advance:
        pairs = similar_pairs(places.names, vectors, least, advance)
    if top is not None and len(pairs) > top:
        note(f"{len(pairs):,} pairs of files have a score of at least {least:g}; the best {top:,} are given")
    return Found(table.path, table.facts, pairs[:top])


def search_in(
    path: str | os.PathLike[str],
    given: str | os.PathLike[str],
    compare: Compare,
    encoder: Place | None,
    *,
    approximate: bool,
    top: int,
) -> Found:
    """The moments of a table that are most like a query; see `brave_tf.commands.search`."""
    if approximate:
        check_installed()
    table, query = open_table(os.fspath(path)), parse_query(given)
    compared = compare(table, query, encoder)
    places = Places.of(table.places())
    # Across modalities, the moment itself is what is looked for.
    allowed = None if compare is across_modalities else _others(places, query, compared, folder_of(table.facts))
    if approximate:
        answers = _nearly_best(table, places, compared.vector, top, allowed)
    else:
        if table.rows >= WORTH_ROWS:
            note(f"{table.path} has {table.rows:,} rows; for many searches, --approximate builds an index once")
        with _counted(table.rows, "comparing") as advance:
            scores = similarities(table.blocks(), compared.vector, advance, compared.transform)
        answers = best_moments(places, scores, top, allowed)
    return Found(table.path, table.facts, answers, query, compared)


@contextlib.contextmanager
def _counted(total: int, title: str) -> Iterator[Advance]:
    """Shows the progress of work on rows, where there is time to see it."""
    if total < COUNTED_ROWS:
        with phase(title):
            yield lambda done=1, note="": None
    else:
        with track(total, title) as advance:
            yield advance


def _others(places: Places, query: Query, compared: QueryVector, folder: Path | None) -> np.ndarray:
    """Rows that may answer: not those of what is searched for itself."""
    span = (-math.inf, math.inf) if query.seconds is None else (compared.start, compared.end)
    own = places.overlapping(files_of_query(query, places, folder), *span)
    if own.any():
        note(f"left out as the query itself: {int(own.sum()):,} rows")
    return np.asarray(~own)


def _nearly_best(
    table: EmbeddingTable, places: Places, vector: np.ndarray, top: int, allowed: np.ndarray | None
) -> list[Answer]:
    """The best moments among the rows that an index finds: as many as it takes to have `top` of them."""
    index = row_index(table)
    count = max(8 * top, 100)
    while True:
        scores = np.full(table.rows, -np.inf, np.float32)
        rows, values = index.nearest(vector, min(count, table.rows))
        scores[rows] = values
        found = np.isfinite(scores)
        answers = best_moments(places, scores, top, found if allowed is None else found & allowed)
        if len(answers) == top or count >= table.rows:
            return answers
        count *= 4
