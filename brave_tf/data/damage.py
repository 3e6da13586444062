"""Which clips of a dataset cannot be used, and why: their records are read once more, on their own."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from brave_tf.data import sampling
from brave_tf.data.dataset import Dataset, Parser
from brave_tf.data.pictures import decode
from brave_tf.data.read import RecordTable
from brave_tf.data.record_frame import FOOTER, HEADER, HEADER_BYTES, framed_bytes, masked_crc32c
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.errors import UserError, reason_of
from brave_tf.modalities import MODALITIES, Modality, ModalityRecord
from brave_tf.storage import as_path

NAMED = 10
"""Damaged clips that are named one by one in a message."""
LOOKED_AT = 8
"""Pictures of each modality by which a clip is judged in passing."""
REMEDY = "prepare their sources again, or copy the dataset again"
NOTHING_FOUND = "it could not be used, and is whole now that it is read again"


@dataclasses.dataclass(frozen=True)
class DamagedClip:
    """A clip that cannot be used.

    Attributes:
        row: its number among the clips that are used.
        clip_id: its number in the dataset.
        shard: path of the file that its record is in.
        offset: first byte of the record's payload there.
        source: the media file that it was made from.
        reason: what is wrong with it.
    """

    row: int
    clip_id: int
    shard: str
    offset: int
    source: str
    reason: str

    def __str__(self) -> str:
        return f"clip {self.clip_id} of {self.source} ({self.shard}, byte {self.offset}): {self.reason}"


def listed(clips: Sequence[DamagedClip]) -> str:
    """The first of some damaged clips in words."""
    more = f"; and {len(clips) - NAMED} more" if len(clips) > NAMED else ""
    return "; ".join(map(str, clips[:NAMED])) + more


@dataclasses.dataclass(frozen=True)
class DatasetPart:
    """Rows of a table of records that are all from one dataset.

    Attributes:
        dataset: the dataset.
        count: how many rows.
        split: the split that they are from; None for any.
    """

    dataset: Dataset
    count: int
    split: str | None = None


class DamageFinder:
    """Says what is wrong with clips, and which media files they were made from.

    Args:
        table: where the records of the clips lie, one for each row.
        parts: the datasets that they are from, in order.
        modalities: what is used of the clips.
    """

    def __init__(self, table: RecordTable, parts: Sequence[DatasetPart], modalities: Sequence[Modality]) -> None:
        self._table = table
        self._parts = parts
        self._ends = np.cumsum([part.count for part in parts])
        self._modalities = modalities
        self._origins: dict[int, pa.Table] = {}
        self._found: dict[int, DamagedClip] = {}

    def clip(self, row: int, if_whole: str = NOTHING_FOUND) -> DamagedClip:
        """A clip that could not be used.

        Args:
            row: of the table.
            if_whole: the reason, should nothing be wrong with its record.
        """
        if row not in self._found:
            self._found[row] = self.named(row, self._reason(row) or if_whole)
        return self._found[row]

    def named(self, row: int, reason: str) -> DamagedClip:
        """A clip of which it is known what is wrong with it."""
        table = self._table
        clip_id = int(table.clip_id[row])
        shard, offset = table.shards[table.shard[row]], int(table.offset[row])
        return DamagedClip(row, clip_id, shard, offset, self._source(row, clip_id), reason)

    def is_usable(self, row: int) -> bool:
        """Whether nothing is wrong with a clip, by its checksum, its sound and a few of its pictures."""
        return self._reason(row, LOOKED_AT) is None

    def _reason(self, row: int, most_pictures: int | None = None) -> str | None:
        try:
            payload = read_record(self._table, row)
            check_content(payload, self._part(row)[1].dataset.parser, self._modalities, most_pictures)
        except DamagedRecordError as error:
            return str(error)
        return None

    def _part(self, row: int) -> tuple[int, DatasetPart]:
        number = int(np.searchsorted(self._ends, row, side="right"))
        return number, self._parts[number]

    def _source(self, row: int, clip_id: int) -> str:
        number, part = self._part(row)
        if number not in self._origins:
            self._origins[number] = part.dataset.clips(part.split, ["clip_id", "source"])
        origins = self._origins[number]
        sources = origins.filter(pc.equal(origins["clip_id"], clip_id))["source"].to_pylist()
        return str(sources[0]) if sources else "an unknown source"


def nothing_usable(damaged: Sequence[DamagedClip] = ()) -> UserError:
    """What is raised where all clips that were drawn for an example are damaged."""
    what = f"none of the {sampling.MOST_DRAWS} clips that were drawn for an example can be used"
    return UserError(f"{what}; {REMEDY}" + (f": {listed(damaged)}" if damaged else ""))


def read_record(table: RecordTable, row: int) -> bytes:
    """The payload of the record of a row, see `read_payload`."""
    return read_payload(table.shards[table.shard[row]], int(table.offset[row]), int(table.length[row]))


def read_payload(shard: str, offset: int, length: int) -> bytes:
    """The payload of a record.

    Args:
        shard: the TFRecord file.
        offset: first byte of the payload.
        length: bytes of the payload.

    Raises:
        DamagedRecordError: it is of another length, or does not fit its checksums.
        UserError: the shard cannot be read; that is no damage, for the next time it may be.
    """
    try:
        with as_path(shard).open("rb") as file:
            file.seek(offset - HEADER_BYTES)
            framed = file.read(framed_bytes(length))
    except OSError as error:
        raise UserError(
            f"{shard} cannot be read at byte {offset} ({reason_of(error)}), and no other clip takes the place of one "
            "that may be whole; run the same command again; if that does not help, brave-tf verify --repair writes the "
            "dataset without what is lost"
        ) from error
    if len(framed) < framed_bytes(length):
        raise DamagedRecordError("its shard ends within it")
    header, payload, footer = framed[:HEADER_BYTES], framed[HEADER_BYTES : -FOOTER.size], framed[-FOOTER.size :]
    stored_length, checksum = HEADER.unpack(header)
    if stored_length != length or checksum != masked_crc32c(header[:8]):
        raise DamagedRecordError(f"no record of {length} bytes begins there")
    if FOOTER.unpack(footer) != (masked_crc32c(payload),):
        raise DamagedRecordError("its checksum does not fit its content")
    return payload


def check_content(
    payload: bytes, parser: Parser, modalities: Sequence[Modality], most_pictures: int | None = None
) -> None:
    """Reads what a record holds of some modalities.

    Args:
        payload: the record.
        parser: reads it.
        modalities: what of it.
        most_pictures: as many pictures of each are decoded, evenly spaced; None for all.

    Raises:
        DamagedRecordError: it does not parse, a picture does not decode or has another size than the others, or a
            sample of the sound is not finite.
    """
    try:
        record = parser(tf.constant(payload))
    except tf.errors.OpError as error:
        raise DamagedRecordError(f"it is not a record of clips ({reason_of(error)})") from error
    for facts in (MODALITIES[modality] for modality in modalities):
        stored = record[facts.key]
        if not len(stored):
            raise DamagedRecordError(f"it holds no {facts.word}")
        _check_sound(stored) if facts.is_sound else _check_pictures(stored, facts, most_pictures or len(stored))


def _check_sound(samples: tf.Tensor) -> None:
    wrong = int(tf.math.count_nonzero(~tf.math.is_finite(samples)))
    if wrong:
        raise DamagedRecordError(f"{wrong:,} of the {len(samples):,} samples of its sound are NaN or infinite")


def _check_pictures(encoded: tf.Tensor, facts: ModalityRecord, most: int) -> None:
    first_size: list[int] = []
    for number in range(0, len(encoded), -(-len(encoded) // most)):
        place = f"picture {number} of its {len(encoded)} of {facts.word}"
        try:
            size = decode(encoded[number : number + 1], facts.name).shape[1:].as_list()
        except tf.errors.OpError as error:
            raise DamagedRecordError(f"{place} does not decode ({reason_of(error)})") from error
        first_size = first_size or size
        if size != first_size:
            raise DamagedRecordError(
                f"{place} has {size[1]}x{size[0]} pixels, the first {first_size[1]}x{first_size[0]}"
            )
