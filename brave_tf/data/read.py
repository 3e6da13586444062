"""Random access to prepared clips: a row of the clip table becomes one serialised record."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.data.dataset import Dataset
from brave_tf.data.record_frame import FOOTER_BYTES, HEADER_BYTES, framed_bytes
from brave_tf.errors import UserError, reason_of
from brave_tf.storage import as_path, is_remote, of_many

LISTED_NAMES = 10
"""Missing or damaged shards that are named one by one."""
_REMEDY = "prepare the dataset again"


@dataclasses.dataclass(frozen=True)
class RecordTable:
    """Where each clip's record lies. Clips are read one by one, at any place, without reading what is before them.

    Attributes:
        shards: paths of the shards.
        shard_bytes: [shards] their sizes.
        shard: [N] which shard holds each clip.
        offset: [N] first byte of the record's payload.
        length: [N] bytes of the payload.
        clip_id: [N] number of each clip, as the training step sees it.
    """

    shards: Sequence[str]
    shard_bytes: np.ndarray
    shard: np.ndarray
    offset: np.ndarray
    length: np.ndarray
    clip_id: np.ndarray

    @classmethod
    def of(cls, dataset: Dataset, clips: pa.Table) -> "RecordTable":
        """The table of some rows of `dataset.clips`, in their order.

        Raises:
            UserError: shards are missing or shorter than the dataset says; it names them.
        """
        names = clips["shard"].combine_chunks().dictionary_encode()
        shards = [str(dataset.shard_path(name)) for name in names.dictionary.to_pylist()]
        table = cls(
            shards=shards,
            shard_bytes=_sizes(shards),
            shard=names.indices.to_numpy().astype(np.int64),
            offset=clips["offset"].to_numpy().astype(np.int64),
            length=clips["length"].to_numpy().astype(np.int64),
            clip_id=clips["clip_id"].to_numpy().astype(np.int64),
        )
        ends = table.offset + table.length + FOOTER_BYTES
        beyond = np.unique(table.shard[ends > table.shard_bytes[table.shard]])
        if beyond.size:
            cut_off = [shards[number] for number in beyond]
            raise UserError(f"{_listed(cut_off)} cut off, of {len(shards)} shards; copy again, or {_REMEDY}")
        return table

    @classmethod
    def concatenate(cls, tables: Sequence["RecordTable"]) -> "RecordTable":
        """The rows of several tables, one after the other."""
        first_shard = np.cumsum([0, *(len(table.shards) for table in tables)])[:-1]
        return cls(
            shards=[path for table in tables for path in table.shards],
            shard_bytes=np.concatenate([table.shard_bytes for table in tables]),
            shard=np.concatenate([table.shard + first for table, first in zip(tables, first_shard, strict=True)]),
            offset=np.concatenate([table.offset for table in tables]),
            length=np.concatenate([table.length for table in tables]),
            clip_id=np.concatenate([table.clip_id for table in tables]),
        )

    def __len__(self) -> int:
        return len(self.shard)

    def reader(self) -> "RecordReader":
        """A graph function that reads rows."""
        return RecordReader(self)


class RecordReader:
    """Reads the record of a row inside a tf.data graph: `reader(row)` -> (serialised record, clip id)."""

    def __init__(self, table: RecordTable):
        self._shards = tf.constant(list(table.shards))
        self._rows = tf.constant(np.stack([table.shard, table.offset, table.length, table.clip_id], axis=1))

    def clip_id(self, row: tf.Tensor) -> tf.Tensor:
        """The clip id of one row."""
        return tf.gather(self._rows, row)[3]

    def __call__(self, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The serialised `SequenceExample` and the clip id of one row.

        Raises:
            tf.errors.DataLossError: the record's checksum does not fit its content.
        """
        shard, offset, length, clip_id = tf.unstack(tf.gather(self._rows, row))
        # The public `TFRecordDataset` cannot begin inside a file. The buffer holds the record and its frame: what is
        # read is one piece, and nothing else.
        records = tf.raw_ops.TFRecordDatasetV2(
            filenames=[tf.gather(self._shards, shard)],
            compression_type="",
            buffer_size=framed_bytes(length),
            byte_offsets=[offset - HEADER_BYTES],
        )
        first = tf.data.experimental.from_variant(records, tf.TensorSpec([], tf.string)).take(1)
        return first.get_single_element(), clip_id


def _sizes(shards: Sequence[str]) -> np.ndarray:
    paths = list(map(as_path, shards))
    sizes = of_many(_size, paths) if any(map(is_remote, paths)) else list(map(_size, paths))
    missing = [path for path, size in zip(shards, sizes, strict=True) if size is None]
    if missing:
        raise UserError(f"{_listed(missing)} missing, of {len(shards)} shards; copy again, or {_REMEDY}")
    return np.array(sizes, np.int64)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        remedy = "try again later" if is_remote(path) else _REMEDY
        raise UserError(f"{path} cannot be read ({reason_of(error)}); {remedy}") from error


def _listed(paths: Sequence[str]) -> str:
    """Some shards as the subject of a sentence."""
    more = f" and {len(paths) - LISTED_NAMES} more" if len(paths) > LISTED_NAMES else ""
    return f"{', '.join(paths[:LISTED_NAMES])}{more} {'is' if len(paths) == 1 else 'are'}"
