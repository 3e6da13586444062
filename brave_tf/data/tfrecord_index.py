"""Where the records of TFRecord files lie and what each holds: read once, then kept in the user's cache."""

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from brave_tf import machine
from brave_tf.data.record_frame import FOOTER_BYTES, HEADER, framed_bytes, masked_crc32c
from brave_tf.errors import UserError
from brave_tf.files import write_atomically
from brave_tf.progress import track
from brave_tf.storage import is_remote, of_many

Row = dict[str, Any]
"""One record: `offset` and `length` of its payload in bytes, and what `Summarise` says, or why it is `damaged`."""
Summarise = Callable[[bytes], Row]
"""Reads a payload: `frames` and `samples` (counts), and more that JSON can hold. Raises `DamagedRecordError`."""

INDEX_VERSION = 2
"""Part of every cache key: to be raised whenever an index of the same file would come out differently."""
READERS = 4
"""Shards that are read at a time: one waits for the disk while another is parsed."""


class DamagedRecordError(ValueError):
    """A record that cannot be used; the message is the reason."""


def index_shards(shards: Sequence[Path], kind: str, summarise: Summarise, title: str) -> list[list[Row]]:
    """The rows of every shard, from the cache where it has them.

    Each shard is cached as soon as it is read, so that an interrupted call is finished by the next one.

    Args:
        shards: TFRecord files.
        kind: tells apart different `summarise` for the same file.
        summarise: reads one payload.
        title: what the progress is called.

    Returns:
        For each shard, its records in their order.

    Raises:
        UserError: a shard is missing, cut off, or no TFRecord file.
    """
    cache_file = functools.partial(_cache_file, kind=kind)
    caches = of_many(cache_file, shards) if any(map(is_remote, shards)) else map(cache_file, shards)
    known = list(map(_read_cache, caches))
    missing = [number for number, rows in enumerate(known) if rows is None]
    if missing:
        with (
            track(len(shards), title, done=len(shards) - len(missing)) as advance,
            ThreadPoolExecutor(READERS) as pool,
        ):
            futures = {number: pool.submit(_index_shard, shards[number], kind, summarise) for number in missing}
            try:
                for number, future in futures.items():
                    known[number] = future.result()
                    advance(1)
            finally:
                for future in futures.values():
                    future.cancel()
    return [rows or [] for rows in known]


def _index_shard(shard: Path, kind: str, summarise: Summarise) -> list[Row]:
    # Named before it is read: a shard that changes meanwhile must not be found again under its new state.
    cache = _cache_file(shard, kind)
    rows = []
    try:
        with shard.open("rb") as stream:
            for offset, payload in _payloads(stream, shard):
                row: Row = {"offset": offset, "length": len(payload)}
                try:
                    row |= summarise(payload)
                except DamagedRecordError as error:
                    row["damaged"] = str(error)
                rows.append(row)
    except OSError as error:
        raise _unreadable(shard, error) from None
    if cache is not None:
        try:
            cache.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(cache, json.dumps(rows, ensure_ascii=False))
        except OSError:
            pass  # Without a cache the next run reads the shard again.
    return rows


def _payloads(stream: BinaryIO, shard: Path) -> Iterator[tuple[int, bytes]]:
    """Offset and content of every record's payload; the checksum of its length is checked, its own is not."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    place = 0
    while place < size:
        header = stream.read(HEADER.size)
        if len(header) < HEADER.size:
            raise _cut_off(shard, place, size)
        length, checksum = HEADER.unpack(header)
        if checksum != masked_crc32c(header[:8]):
            packed = " (it is compressed; decompress it)" if header.startswith(b"\x1f\x8b") else ""
            raise UserError(f"{shard} is damaged at byte {place}, or no TFRecord file{packed}; replace or remove it")
        if place + framed_bytes(length) > size:
            raise _cut_off(shard, place, size)
        yield place + HEADER.size, stream.read(length)
        stream.seek(FOOTER_BYTES, os.SEEK_CUR)
        place += framed_bytes(length)


def _cut_off(shard: Path, place: int, size: int) -> UserError:
    return UserError(
        f"{shard} is cut off: it ends at byte {size}, within the record that begins at {place}; copy it again"
    )


def _unreadable(shard: Path, error: OSError) -> UserError:
    return UserError(f"{shard} cannot be read ({error.strerror}); make it readable, or try again later")


def _cache_file(shard: Path, kind: str) -> Path | None:
    """Where the index of a shard is kept: another place whenever the file changes; None if there is no home folder."""
    try:
        path = shard.resolve()
        state = path.stat()
    except OSError as error:
        raise _unreadable(shard, error) from None
    try:
        cache = machine.cache_folder()
    except RuntimeError:
        return None
    identity = json.dumps([INDEX_VERSION, kind, str(path), state.st_size, state.st_mtime_ns])
    return cache / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"


def _read_cache(file: Path | None) -> list[Row] | None:
    try:
        rows = json.loads(file.read_text(encoding="utf-8")) if file else None
    except (OSError, ValueError):
        return None
    return rows if isinstance(rows, list) else None
