"""The columns of a dataset's table of clips, and what must hold of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brave_tf.data.dataset import LABEL_PREFIX
from brave_tf.data.dataset_checks import REMEDY, is_plain_name
from brave_tf.data.record_frame import HEADER_BYTES
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES

CLIP_COLUMNS = pa.schema(
    [
        ("clip_id", pa.int64()),
        ("split", pa.string()),
        ("shard", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("source", pa.string()),
        ("start_seconds", pa.float64()),
        ("end_seconds", pa.float64()),
        # What every dataset tells of comes first.
        *((record.column, pa.int32()) for record in MODALITIES.values() if record.in_every_dataset),
        *((record.column, pa.int32()) for record in MODALITIES.values() if not record.in_every_dataset),
    ]
)
"""`label/NAME` follows for every label column: a string, or a list if it is multi-label."""
LATER_COLUMNS = frozenset(record.column for record in MODALITIES.values() if not record.in_every_dataset)
"""Absent where a dataset was prepared before there was such a modality."""
LEAST = {"clip_id": 0, "offset": HEADER_BYTES, "length": 1, **{record.column: 0 for record in MODALITIES.values()}}
"""The least value of columns that count something."""


def check_table(table: pa.Table, info: Mapping[str, Any], file: Path) -> pa.Table:
    """Checks the columns that were read of a clip table.

    Args:
        table: all rows.
        info: the content of `dataset.json`.
        file: the table's file, for messages.

    Returns:
        The same with the types of `CLIP_COLUMNS`.

    Raises:
        UserError: a value is absent, of another type, out of range, or not in `dataset.json`; or a shard is not a file
            of the dataset's folder.
    """
    kinds = {name: CLIP_COLUMNS.field(name).type for name in table.column_names if name in CLIP_COLUMNS.names}
    for column, classes in info["labels"].items():
        if (name := f"{LABEL_PREFIX}{column}") in table.column_names:
            is_list = column in info.get("multilabel", ())
            kinds[name] = pa.list_(pa.string()) if is_list else pa.string()
            table = _with_kind(table, name, kinds[name], file)
            _check_known(pc.list_flatten(table[name]) if is_list else table[name], classes, f"label {column}", file)
    for name in (name for name in kinds if not name.startswith(LABEL_PREFIX)):
        table = _with_kind(table, name, kinds[name], file)
        _check_there(table[name], name, file)
        if name in LEAST:
            _check_least(table[name], name, file)
        if pa.types.is_floating(kinds[name]) and pc.any(pc.invert(pc.is_finite(table[name]))).as_py():
            raise UserError(f"{file} has {name} that are not finite; {REMEDY}")
    if "split" in kinds:
        _check_known(table["split"], info["splits"], "split", file)
    if "shard" in kinds:
        _check_shards(table["shard"], file)
    if "clip_id" in kinds and pc.count_distinct(table["clip_id"]).as_py() < table.num_rows:
        raise UserError(f"{file} has several rows with one clip_id; expected a number for each clip; {REMEDY}")
    return table


def required_columns(info: Mapping[str, Any]) -> list[str]:
    """The columns that the table of a dataset with this `dataset.json` cannot do without."""
    always = [name for name in CLIP_COLUMNS.names if name not in LATER_COLUMNS]
    return [*always, *(f"{LABEL_PREFIX}{column}" for column in info["labels"])]


def _with_kind(table: pa.Table, name: str, kind: pa.DataType, file: Path) -> pa.Table:
    column = table[name]
    if column.type == kind:
        return table
    try:
        return table.set_column(table.column_names.index(name), name, column.cast(kind))
    except pa.ArrowException:
        raise UserError(f"{file}: column {name} holds {column.type}; expected {kind}; {REMEDY}") from None


def _check_there(column: pa.ChunkedArray, name: str, file: Path) -> None:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise UserError(f"{file}: row {row} has no {name}; {REMEDY}")


def _check_least(column: pa.ChunkedArray, name: str, file: Path) -> None:
    least = pc.min(column).as_py()
    if least is not None and least < LEAST[name]:
        row = pc.index(column, least).as_py()
        raise UserError(f"{file}: row {row} has {name} {least}; expected at least {LEAST[name]}; {REMEDY}")


def _check_known(column: pa.ChunkedArray, known: Any, what: str, file: Path) -> None:
    unknown = sorted(set(pc.unique(column).to_pylist()) - set(known) - {None})
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise UserError(f"{file} has {what} {unknown[0]!r}{more}, which dataset.json does not list; {REMEDY}")


def _check_shards(column: pa.ChunkedArray, file: Path) -> None:
    outside = [name for name in pc.unique(column).to_pylist() if not is_plain_name(name)]
    if outside:
        raise UserError(f"{file} has shard {outside[0]!r}; expected the name of a file beside it; {REMEDY}")
