"""The table of embeddings: a Parquet file that says which encoder made it, and of what."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic

from brave_tf.config.ranges import STRICT, Positive
from brave_tf.config.values import to_dict
from brave_tf.config.words import PoolName
from brave_tf.encoders.card import EncoderCard
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.modalities import Tower
from brave_tf.storage import as_path, is_remote

VERSION = 1
KEY = b"brave_tf"
"""Where the file's metadata hold the facts, as JSON."""
EMBEDDING, DENSE = "embedding", "dense"
PLACES = pa.schema([("file", pa.string()), ("start", pa.float64()), ("end", pa.float64()), ("modality", pa.string())])
"""What every row tells of its window, before its embedding."""
MOST_NUMBERS = 2**20
"""Of an embedding that is believed; the largest encoders give some thousand."""
BLOCK_ROWS = 8192
"""Rows that are read at a time."""


@dataclasses.dataclass(frozen=True)
class FileRemark:
    """What there is to say about a file.

    Attributes:
        file: its name, as in the column `file`.
        text: in words that follow the name.
    """

    __pydantic_config__ = STRICT
    file: str
    text: str


@dataclasses.dataclass(frozen=True)
class TableFacts:
    """What a table says about itself.

    Attributes:
        encoder: the place of the encoder, as it was given.
        weights_sha256: `Encoder.weights_sha256` of it.
        card: what the encoder says about itself.
        tower: which backbone it is.
        embedding_size: D.
        window: seconds of a window.
        stride: seconds from one window to the next.
        pool: what a row stands for.
        folder: the folder that relative places count from: the files, `encoder` and `data`. None if nobody says.
        data: the dataset whose clips were embedded, as it was given; None for media files.
        dense: whether there is a map beside the table for each window.
        rows: in all.
        files: how many files the rows are of.
        left_out: files that cannot be used, with the reason.
        remarks: files that are used and not whole, with what is missing.
        plan: SHA-256 over the files and all that the rows follow from.
        version: of this format.
    """

    __pydantic_config__ = STRICT
    encoder: str
    weights_sha256: str
    card: EncoderCard
    tower: Tower
    embedding_size: Annotated[int, pydantic.Field(ge=1, le=MOST_NUMBERS)]
    window: Positive
    stride: Positive
    pool: PoolName = "windows"
    folder: str | None = None
    data: str | None = None
    dense: bool = False
    rows: Annotated[int, pydantic.Field(ge=0)] = 0
    files: Annotated[int, pydantic.Field(ge=0)] = 0
    left_out: tuple[FileRemark, ...] = ()
    remarks: tuple[FileRemark, ...] = ()
    plan: str = ""
    version: int = VERSION

    def place_of(self, name: str) -> str:
        """Where something is that the table names as it was given: from its folder, or else from here."""
        there = os.path.join(self.folder or "", name)
        return there if os.path.exists(there) else name

    def to_json(self) -> str:
        """The facts as JSON text."""
        return json.dumps(to_dict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: bytes, path: Path) -> "TableFacts":
        """Reads the facts of a table.

        Raises:
            UserError: the text is damaged, or a newer version wrote it.
        """
        try:
            version = json.loads(text)["version"]
            if isinstance(version, int) and version > VERSION:
                raise UserError(f"{path} has format {version}; this version reads up to {VERSION}; upgrade brave_tf")
            return pydantic.TypeAdapter(cls).validate_json(text, strict=True)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, UserError):
                raise
            problem = error.errors()[0] if isinstance(error, pydantic.ValidationError) else None
            reason = f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" if problem else "no readable JSON"
            raise UserError(
                f"{path} has damaged metadata ({one_line(reason)}); write it again with brave-tf embed"
            ) from None


def table_schema(facts: TableFacts) -> pa.Schema:
    """The columns of a table, with the facts in its metadata."""
    columns = [*PLACES, pa.field(EMBEDDING, pa.list_(pa.float32(), facts.embedding_size))]
    if facts.dense:
        columns.append(pa.field(DENSE, pa.string()))
    return pa.schema(columns, metadata={KEY: facts.to_json().encode()})


class EmbeddingTable:
    """A table of embeddings on disk, of which a part is read at a time.

    Args:
        path: the Parquet file, here or elsewhere.

    Attributes:
        path: the argument.
        facts: what it says about itself.
        rows: number of rows.

    Raises:
        UserError: there is no such file, it is no Parquet file, it has other columns, vectors of another size than it
            says, or no metadata.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._readable():
            self._file = pq.ParquetFile(path.open("rb") if is_remote(path) else path, memory_map=not is_remote(path))
            schema = self._file.schema_arrow
        text = (schema.metadata or {}).get(KEY)
        if text is None:
            raise UserError(f"{path} does not say which encoder made it; expected a table that brave-tf embed wrote")
        self.facts = TableFacts.from_json(text, path)
        self.rows: int = self._file.metadata.num_rows
        self._check(schema)

    def places(self) -> pa.Table:
        """All columns but the embeddings.

        Raises:
            UserError: they cannot be read, or a value is absent.
        """
        names = [name for name in self._file.schema_arrow.names if name != EMBEDDING]
        with self._readable():
            table = self._file.read(columns=names)
            table.validate(full=True)
        for name in names:
            if table[name].null_count:
                raise UserError(f"{self.path} has rows without {name}; write it again with brave-tf embed")
        for name in ("start", "end"):
            # Clocks of damaged files may begin before 0.
            if not np.isfinite(table[name].to_numpy()).all():
                raise UserError(
                    f"{self.path} has rows whose {name} is no number of seconds; write it again with brave-tf embed"
                )
        return table.replace_schema_metadata(None)

    def first_file(self) -> str:
        """The file of the first row; empty if there is none."""
        with self._readable():
            batch = next(self._file.iter_batches(1, columns=["file"]), None)
        return str(batch.column(0)[0]) if batch else ""

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[np.ndarray]:
        """The embeddings in order, [n, D] float32 with n up to `rows`: what is in memory does not grow with the table.

        Raises:
            UserError: they cannot be read, or one is absent or not finite.
        """
        first = 0
        batches = self._file.iter_batches(rows, columns=[EMBEDDING])
        while True:
            with self._readable():
                batch = next(batches, None)
            if batch is None:
                return
            block = self._vectors(batch.column(0), first)
            first += len(block)
            yield block

    def _vectors(self, column: Any, first: int) -> np.ndarray:
        values = column.flatten()
        size = self.facts.embedding_size
        if column.null_count or values.null_count or len(values) != len(column) * size:
            raise UserError(f"{self.path} has rows without an embedding; write it again with brave-tf embed")
        vectors: np.ndarray = values.to_numpy(zero_copy_only=False).reshape(len(column), size)
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            row = first + int(np.argmin(finite))
            raise UserError(
                f"{self.path}: the embedding in row {row:,} is not finite; write the table again with brave-tf embed, "
                "with an encoder whose weights are finite"
            )
        return vectors

    def _check(self, schema: pa.Schema) -> None:
        size = self.facts.embedding_size
        wanted = table_schema(self.facts).remove_metadata()
        different = [
            f"{field.name} holds {schema.field(field.name).type} instead of {field.type}"
            if field.name in schema.names
            else f"{field.name} is missing"
            for field in wanted
            if schema.names.count(field.name) != 1 or schema.field(field.name).type != field.type
        ]
        if different:
            raise UserError(
                f"{self.path} is not the table of vectors of {size:,} numbers that its metadata tell of "
                f"({one_line('; '.join(different))}); write it again with brave-tf embed"
            )
        if self.rows != self.facts.rows:
            raise UserError(
                f"{self.path} has {self.rows:,} rows and tells of {self.facts.rows:,}; write it again with brave-tf "
                "embed"
            )

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise UserError(f"{self.path} does not exist; expected a table that brave-tf embed wrote") from None
        # What PyArrow raises on a damaged file depends on which byte is wrong.
        except (OSError, pa.ArrowException, ValueError, TypeError, KeyError, OverflowError) as error:
            if isinstance(error, UserError):
                raise
            raise UserError(
                f"{self.path} is no readable Parquet file ({reason_of(error)}); expected a table that brave-tf embed "
                "wrote"
            ) from None


def open_table(path: str | Path) -> EmbeddingTable:
    """Opens a table whose embeddings are read block by block; see `EmbeddingTable`."""
    return EmbeddingTable(as_path(path))


def read_table(path: str | Path) -> tuple[TableFacts, pa.Table]:
    """A table in memory, all of it checked.

    Args:
        path: the Parquet file.

    Returns:
        What it says about itself, and its rows.

    Raises:
        UserError: see `EmbeddingTable`; or an embedding is absent or not finite.
    """
    table = open_table(path)
    places = table.places()
    blocks = list(table.blocks())
    vectors = np.concatenate(blocks) if blocks else np.zeros((0, table.facts.embedding_size), np.float32)
    column = as_column(vectors)
    return table.facts, places.append_column(pa.field(EMBEDDING, column.type), column)


def as_column(vectors: np.ndarray) -> pa.FixedSizeListArray:
    """[N, D] float32 as a column of a table."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1), pa.float32()), vectors.shape[1])
