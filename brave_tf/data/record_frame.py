"""The bytes round every record of a TFRecord file: its length before it, and a checksum of either."""

import struct

HEADER = struct.Struct("<QI")
"""Before the payload: its length in bytes, and the checksum of that length."""
HEADER_BYTES, FOOTER_BYTES = HEADER.size, 4
"""After the payload stands its checksum."""


def framed_bytes(payload_bytes: int) -> int:
    """Bytes that a record takes in a file."""
    return HEADER_BYTES + payload_bytes + FOOTER_BYTES


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def masked_crc32c(data: bytes) -> int:
    """The checksum of TFRecord files (CRC-32C, rotated by 15 bits, plus a constant)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
