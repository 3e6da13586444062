"""Reads a shard from its beginning to its end, past whatever is damaged, and tells what lies where."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from brave_tf.data.record_frame import FOOTER, FOOTER_BYTES, HEADER, HEADER_BYTES, framed_bytes, masked_crc32c
from brave_tf.errors import UserError, reason_of
from brave_tf.storage import is_remote

NO_ROW = "a record that no row of the clip table names"
NO_RECORD = "no readable record"
READ_AHEAD_BYTES = 2**24
"""Of a shard elsewhere, where each request takes its time."""


class Place(NamedTuple):
    """Where the clip table says that a record lies: `row` is its number in the table."""

    row: int
    offset: int
    length: int


class Record(NamedTuple):
    """A record that was read, and what is wrong with it so far."""

    place: Place
    payload: bytes
    reasons: tuple[str, ...]


class Lost(NamedTuple):
    """A row of the table that has no record that can be read, and why."""

    place: Place
    reason: str


class Uncovered(NamedTuple):
    """Bytes that no row covers, and what they are."""

    offset: int
    size: int
    what: str


def walk_shard(path: Path, places: Sequence[Place]) -> Iterator[Record | Lost | Uncovered]:
    """Reads all of a shard, once and in order, which suits slow disks.

    Where a record's frame is damaged nothing tells where the next one begins but the table; the walk goes on there.

    Args:
        path: the shard.
        places: the rows of the table that lie in it.

    Raises:
        UserError: storage elsewhere does not give the shard; nothing of it is known to be damaged.
    """
    waiting = deque(sorted(places, key=lambda place: place.offset))
    try:
        with path.open("rb", READ_AHEAD_BYTES if is_remote(path) else -1) as stream:
            yield from _walk(path, stream, waiting)
    except OSError as error:
        if is_remote(path) and not isinstance(error, FileNotFoundError):
            raise UserError(f"{path} cannot be read ({reason_of(error)}); try again later") from None
        why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({reason_of(error)})"
        yield from (Lost(place, f"its shard {why}") for place in waiting)
        return
    yield from (Lost(place, "its shard ends before it") for place in waiting)


def _walk(path: Path, stream: BinaryIO, waiting: deque[Place]) -> Iterator[Record | Lost | Uncovered]:
    size = stream.seek(0, os.SEEK_END)
    at = 0
    while at < size:
        begins = at + HEADER_BYTES
        while waiting and waiting[0].offset < begins:
            yield Lost(waiting.popleft(), "no record begins where the table says")
        expected = waiting.popleft() if waiting and waiting[0].offset == begins else None
        while waiting and waiting[0].offset == begins:
            yield Lost(waiting.popleft(), "the table names the same record for another clip")
        try:
            payload, checksum_fits = _read(stream, at, size)
        except (ValueError, OSError) as error:
            if isinstance(error, OSError) and is_remote(path):
                raise
            if expected:
                yield Lost(expected, str(error) if isinstance(error, ValueError) else reason_of(error))
            covered = at + (framed_bytes(expected.length) if expected else 0)
            at = min(waiting[0].offset - HEADER_BYTES if waiting else size, size)
            if covered < at:
                yield Uncovered(covered, at - covered, NO_RECORD)
            continue
        if expected:
            reasons: tuple[str, ...] = () if checksum_fits else ("the checksum of its content fails",)
            if expected.length != len(payload):
                reasons += (f"the table says {expected.length:,} bytes, the record has {len(payload):,}",)
            yield Record(expected, payload, reasons)
        else:
            yield Uncovered(at, framed_bytes(len(payload)), NO_ROW)
        at += framed_bytes(len(payload))


def _read(stream: BinaryIO, at: int, size: int) -> tuple[bytes, bool]:
    """The payload of the record whose frame begins at a byte, and whether its checksum fits.

    Raises:
        ValueError: the frame is damaged or cut off; the message is the reason.
        OSError: the disk gives no answer.
    """
    stream.seek(at)
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        raise ValueError("its shard is cut off within it")
    length, checksum = HEADER.unpack(header)
    if checksum != masked_crc32c(header[:8]):
        raise ValueError("the checksum of its length fails")
    if at + framed_bytes(length) > size:
        raise ValueError("its shard is cut off within it")
    payload, footer = stream.read(length), stream.read(FOOTER_BYTES)
    if len(payload) + len(footer) < length + FOOTER_BYTES:
        raise ValueError("its shard is cut off within it")
    return payload, FOOTER.unpack(footer)[0] == masked_crc32c(payload)
