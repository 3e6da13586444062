"""The bytes round every record of a TFRecord file: its length before it, and a checksum of either."""

import struct
from collections.abc import Iterable

import google_crc32c

HEADER = struct.Struct("<QI")
"""Before the payload: its length in bytes, and the checksum of that length."""
FOOTER = struct.Struct("<I")
"""After the payload: its checksum."""
HEADER_BYTES, FOOTER_BYTES = HEADER.size, FOOTER.size


def framed_bytes(payload_bytes: int) -> int:
    """Bytes that a record takes in a file."""
    return HEADER_BYTES + payload_bytes + FOOTER_BYTES


def masked_crc32c(*pieces: bytes) -> int:
    """The checksum of TFRecord files: CRC-32C of the pieces in a row, rotated by 15 bits, plus a constant."""
    crc = 0
    for piece in pieces:
        crc = google_crc32c.extend(crc, piece)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(pieces: Iterable[bytes]) -> list[bytes]:
    """A payload, in pieces, between its header and its footer."""
    pieces = list(pieces)
    length = sum(map(len, pieces))
    header = HEADER.pack(length, masked_crc32c(length.to_bytes(8, "little")))
    return [header, *pieces, FOOTER.pack(masked_crc32c(*pieces))]
