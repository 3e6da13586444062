"""The rows of all files, as they come, and at the end the table that holds them in the order of the files."""

import contextlib
import dataclasses
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from brave_tf.embedding.batches import Batch
from brave_tf.embedding.journal import Journal
from brave_tf.embedding.plan import Plan, dense_folder
from brave_tf.embedding.table import BLOCK_ROWS, DENSE, EMBEDDING, FileRemark, TableFacts, as_column, table_schema
from brave_tf.embedding.vectors import Vectors
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.files import replaced
from brave_tf.preparation.jobs import Outcome

GROUP_BYTES = 1 << 24
"""Embeddings of a row group: a reader holds one at a time."""


@dataclasses.dataclass
class _Mean:
    """The mean over the windows of a file, as far as they came."""

    total: np.ndarray
    windows: int
    end: float


class RowWriter:
    """Takes down the embeddings of windows.

    Args:
        path: the table.
        plan: what it will hold.
        journal: what is there.
    """

    def __init__(self, path: Path, plan: Plan, journal: Journal) -> None:
        self._folder, self._plan, self._journal = dense_folder(path), plan, journal
        self._means: dict[int, _Mean] = {}

    def add(self, batch: Batch, vectors: Vectors | None) -> None:
        """Takes the windows of a batch, with what the encoder made of them, and the files that ended.

        Raises:
            UserError: an embedding is not finite, or something cannot be written.
        """
        if vectors is not None:
            for number in dict.fromkeys(batch.numbers.tolist()):
                self._add_rows(number, batch.spans, vectors, np.flatnonzero(batch.numbers == number))
        for number, outcome in batch.ended:
            self._end(number, outcome)

    def _add_rows(self, number: int, spans: np.ndarray, vectors: Vectors, rows: np.ndarray) -> None:
        name, embeddings = self._plan.files[number][0], vectors.embeddings[rows]
        if not np.isfinite(embeddings).all():
            raise UserError(
                f"{self._plan.facts.encoder} gives embeddings that are not finite, such as of {one_line(name)}; "
                "expected an encoder whose weights are finite"
            )
        if self._plan.facts.pool == "video":
            mean = self._means.setdefault(number, _Mean(np.zeros(embeddings.shape[1]), 0, 0.0))
            # One after the other: how windows fell into batches changes no bit.
            for row in embeddings:
                mean.total += row
            mean.windows, mean.end = mean.windows + len(rows), float(spans[rows[-1], 1])
            return
        if vectors.maps is not None:
            folder = self._folder / _file_folder(number)
            there = self._journal.files[number].rows if number in self._journal.files else 0
            with _writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
                for window, row in enumerate(rows.tolist(), there):
                    np.save(folder / _map_name(window), vectors.maps[row])
        self._journal.append(number, spans[rows], embeddings)

    def _end(self, number: int, outcome: Outcome) -> None:
        mean = self._means.pop(number, None)
        if mean is not None and outcome.reason is None:
            start = self._plan.files[number][2] or 0.0
            self._journal.append(
                number,
                np.array([(start, mean.end)]),
                (mean.total / mean.windows).astype(np.float32)[None],
                alone=True,
            )
        if outcome.reason is not None and self._plan.facts.dense:
            shutil.rmtree(self._folder / _file_folder(number), ignore_errors=True)
        self._journal.finish(number, outcome.reason, outcome.remarks)


def write_table(path: Path, plan: Plan, journal: Journal) -> TableFacts:
    """Writes the table, of which every file is done.

    Raises:
        UserError: it cannot be written.
    """
    with _writing(path):
        return _write_table(path, plan, journal)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({reason_of(error)}); free some space, and run the same command again to go on"
        ) from None


def _write_table(path: Path, plan: Plan, journal: Journal) -> TableFacts:
    names, numbers = [each[0] for each in plan.files], range(len(plan.files))
    used = [number for number in numbers if journal.files[number].reason is None]
    facts = dataclasses.replace(
        plan.facts,
        rows=sum(journal.files[number].rows for number in used),
        files=len(used),
        left_out=tuple(FileRemark(names[n], r) for n in numbers if (r := journal.files[n].reason) is not None),
        remarks=tuple(FileRemark(names[number], text) for number in used for text in journal.files[number].remarks),
        plan=plan.digest,
    )
    schema = table_schema(facts)
    with (
        replaced(path) as partial,
        pq.ParquetWriter(
            partial,
            schema,
            # Vectors do not get smaller, and are read as they are.
            compression={name: "none" if name == EMBEDDING else "zstd" for name in schema.names},
            use_dictionary=["file", "modality"],
        ) as writer,
    ):
        size = max(min(GROUP_BYTES // (4 * facts.embedding_size), BLOCK_ROWS), 1)
        for rows in _groups(_pieces(names, used, journal), size):
            writer.write_table(_as_table(rows, path, facts, schema), row_group_size=size)
    return facts


class _Rows(NamedTuple):
    """Some rows: their file's number and name, which of its windows they are, spans [n, 2] and embeddings [n, D]."""

    numbers: list[int]
    names: list[str]
    windows: list[int]
    spans: np.ndarray
    embeddings: np.ndarray


def _pieces(names: Sequence[str], used: Sequence[int], journal: Journal) -> Iterator[_Rows]:
    for number in used:
        first = 0
        for spans, embeddings in journal.read(number):
            count = len(spans)
            windows = list(range(first, first + count))
            yield _Rows([number] * count, [names[number]] * count, windows, spans, embeddings)
            first += count


def _groups(pieces: Iterator[_Rows], size: int) -> Iterator[_Rows]:
    """The same rows, `size` at a time, the last time fewer."""
    held: list[_Rows] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece.names)
        while count >= size:
            rows = _joined(held)
            yield _part(rows, 0, size)
            held, count = [_part(rows, size, count)], count - size
    if count:
        yield _joined(held)


def _joined(rows: Sequence[_Rows]) -> _Rows:
    numbers, names, windows = (list(itertools.chain.from_iterable(each[place] for each in rows)) for place in range(3))
    spans, embeddings = (np.concatenate([each[place] for each in rows]) for place in (3, 4))
    return _Rows(numbers, names, windows, spans, embeddings)


def _part(rows: _Rows, start: int, stop: int) -> _Rows:
    numbers, names, windows, spans, embeddings = rows
    some = slice(start, stop)
    return _Rows(numbers[some], names[some], windows[some], spans[some], embeddings[some])


def _as_table(rows: _Rows, path: Path, facts: TableFacts, schema: pa.Schema) -> pa.Table:
    columns = {
        "file": pa.array(rows.names, pa.string()),
        "start": pa.array(rows.spans[:, 0]),
        "end": pa.array(rows.spans[:, 1]),
        "modality": pa.array([facts.card.modality] * len(rows.names)),
        EMBEDDING: as_column(rows.embeddings),
    }
    if facts.dense:
        places = zip(rows.numbers, rows.windows, strict=True)
        folder = dense_folder(path).name
        columns[DENSE] = pa.array([f"{folder}/{_file_folder(n)}/{_map_name(window)}" for n, window in places])
    return pa.table(columns, schema=schema)


def _file_folder(number: int) -> str:
    return f"{number:06d}"


def _map_name(window: int) -> str:
    return f"{window:06d}.npy"
