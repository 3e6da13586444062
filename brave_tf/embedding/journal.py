"""What is embedded so far, in a file that only grows: after an interruption, however hard, its whole entries count."""

import contextlib
import dataclasses
import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from brave_tf.errors import UserError, reason_of

_HEADER = struct.Struct("<QQI")
"""Bytes of the facts as JSON, bytes of the numbers, and the CRC-32 of both."""


@dataclasses.dataclass
class FileRows:
    """The rows of one file, as far as they are there.

    Attributes:
        places: of each piece of them, where it begins in the journal, and how many rows it holds.
        rows: in all.
        done: whether there are no more.
        reason: why the file is left out; its rows do not count then.
        remarks: what is missing in it although it is used.
    """

    places: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    rows: int = 0
    done: bool = False
    reason: str | None = None
    remarks: tuple[str, ...] = ()


class Journal(contextlib.AbstractContextManager["Journal"]):
    """The rows of all files, in the order in which they were made.

    Args:
        path: the file.
        size: D.

    Attributes:
        files: what is there, by number of the file.

    Raises:
        UserError: it cannot be read or written.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path, self._size = path, size
        self.files: dict[int, FileRows] = {}
        try:
            self._file: BinaryIO = open(path, "a+b")  # noqa: SIM115
            self._file.truncate(self._read_all())
        except OSError as error:
            raise self._failed(error) from None

    def __exit__(self, *details: Any) -> None:
        self._file.close()

    def append(self, number: int, spans: np.ndarray, embeddings: np.ndarray, alone: bool = False) -> None:
        """Adds rows of a file.

        Args:
            number: of the file.
            spans: [n, 2] start and end in seconds.
            embeddings: [n, D] float32.
            alone: whether they take the place of all that were there before.

        Raises:
            UserError: the disk is full, or the file cannot be written.
        """
        if len(spans):
            content = spans.astype("<f8").tobytes() + embeddings.astype("<f4").tobytes()
            self._write({"file": number, "rows": len(spans), "alone": alone}, content)

    def finish(self, number: int, reason: str | None, remarks: tuple[str, ...]) -> None:
        """Says that there is no more of a file; see `FileRows`. Raises as `append` does."""
        self._write({"file": number, "reason": reason, "remarks": list(remarks)}, b"")

    def read(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows of a file in pieces: spans [n, 2] and embeddings [n, D].

        Raises:
            UserError: they cannot be read.
        """
        for place, rows in self.files[number].places:
            try:
                self._file.seek(place)
                content = self._file.read(rows * (16 + 4 * self._size))
            except OSError as error:
                raise self._failed(error) from None
            spans = np.frombuffer(content, "<f8", 2 * rows).reshape(rows, 2)
            yield spans, np.frombuffer(content, "<f4", offset=16 * rows).reshape(rows, self._size)

    def _write(self, facts: dict[str, Any], content: bytes) -> None:
        text = json.dumps(facts).encode()
        try:
            place = self._file.seek(0, os.SEEK_END) + _HEADER.size + len(text)
            self._file.write(_HEADER.pack(len(text), len(content), zlib.crc32(content, zlib.crc32(text))))
            self._file.write(text)
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise self._failed(error) from None
        self._take(facts, place)

    def _take(self, facts: dict[str, Any], place: int) -> None:
        rows = self.files.setdefault(facts["file"], FileRows())
        if facts.get("alone"):
            rows.places, rows.rows = [], 0
        if "rows" in facts:
            rows.places.append((place, facts["rows"]))
            rows.rows += facts["rows"]
        else:
            rows.done, rows.reason, rows.remarks = True, facts["reason"], tuple(facts["remarks"])

    def _read_all(self) -> int:
        """Takes down all whole entries; returns where the last one ends."""
        end = self._file.seek(0)
        while len(header := self._file.read(_HEADER.size)) == _HEADER.size:
            text_bytes, content_bytes, checksum = _HEADER.unpack(header)
            if end + _HEADER.size + text_bytes + content_bytes > os.fstat(self._file.fileno()).st_size:
                break
            text = self._file.read(text_bytes)
            if zlib.crc32(self._file.read(content_bytes), zlib.crc32(text)) != checksum:
                break
            self._take(json.loads(text), end + _HEADER.size + text_bytes)
            end = self._file.tell()
        return end

    def _failed(self, error: OSError) -> UserError:
        return UserError(
            f"{self._path} cannot be read or written ({reason_of(error)}); free some space, and run the same command "
            "again to go on"
        )
