"""Reads what Weights & Biases keeps in a file while it is offline."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE_HEADER = PART_HEADER = 7
BLOCK = 32_768
WHOLE, LAST = 1, 4


def history(folder: Path) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a run by their steps, without those that begin with an underscore, which it adds itself."""
    (file,) = folder.glob("run-*.wandb")
    record_type = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    rows = []
    for content in records(file.read_bytes()):
        record = record_type.FromString(content)
        if record.HasField("history"):
            row = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
            rows.append((row["_step"], {name: value for name, value in row.items() if not name.startswith("_")}))
    return rows


def config(folder: Path) -> dict[str, Any]:
    """The settings of a run."""
    (file,) = folder.glob("run-*.wandb")
    record_type = importlib.import_module("wandb.proto.wandb_internal_pb2").Record
    known = {}
    for content in records(file.read_bytes()):
        record = record_type.FromString(content)
        if record.HasField("run"):
            known |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    return known


def records(content: bytes) -> Iterator[bytes]:
    """The records of a log file: blocks of 32 KiB with parts, each after its checksum, length and kind."""
    at, record = FILE_HEADER, b""
    while at + PART_HEADER <= len(content):
        if BLOCK - at % BLOCK < PART_HEADER:
            at += BLOCK - at % BLOCK
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        record += content[at + PART_HEADER : at + PART_HEADER + length]
        at += PART_HEADER + length
        if kind in (WHOLE, LAST):
            yield record
            record = b""
