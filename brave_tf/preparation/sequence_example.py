"""`tf.train.SequenceExample` records written without TensorFlow, whose import takes longer than many preparations.

The bytes are those of TensorFlow's own class with `SerializeToString(deterministic=True)`: maps in the order of their
keys, numbers packed. A record comes in pieces, so that pictures are copied once, into the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Pieces = list[bytes]
"""Bytes that follow one another."""

# Numbers of the fields in tensorflow/core/example/feature.proto and example.proto.
_CONTEXT, _FEATURE_LISTS = 1, 2
_KEY, _VALUE = 1, 2
_BYTES, _FLOATS, _INTEGERS = 1, 2, 3
_LENGTH_DELIMITED = 2


def serialize(context: Mapping[str, Any], feature_lists: Mapping[str, Iterable[Any]]) -> Pieces:
    """Writes a record.

    Args:
        context: for every key its values: a sequence, not empty, of text, bytes, floats or integers.
        feature_lists: for every key its steps, each with values as in `context`.

    Returns:
        The serialised `SequenceExample` in pieces.
    """
    lists = {
        key: [piece for step in steps for piece in _field(1, _feature(step))] for key, steps in feature_lists.items()
    }
    record = _field(_CONTEXT, _map({key: _feature(values) for key, values in context.items()})) if context else []
    return record + (_field(_FEATURE_LISTS, _map(lists)) if lists else [])


def _map(entries: Mapping[str, Pieces]) -> Pieces:
    pieces = []
    # As protobuf has it: by bytes, but a key comes after those that begin with it.
    for key in sorted(entries, key=lambda key: key.encode() + b"\xff"):
        pieces += _field(1, [*_field(_KEY, [key.encode()]), *_field(_VALUE, entries[key])])
    return pieces


def _feature(values: Sequence[Any]) -> Pieces:
    first = values[0]
    if isinstance(first, str):
        return _field(_BYTES, [piece for value in values for piece in _field(1, [value.encode()])])
    if isinstance(first, bytes):
        return _field(_BYTES, [piece for value in values for piece in _field(1, [value])])
    if isinstance(first, float | np.floating):
        return _field(_FLOATS, _field(1, [np.asarray(values, "<f4").tobytes()]))
    return _field(_INTEGERS, _field(1, [b"".join(_varint(int(value)) for value in values)]))


def _field(number: int, content: Pieces) -> Pieces:
    length = sum(map(len, content))
    return [bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(length), *content]


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    value &= 2**64 - 1
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)
