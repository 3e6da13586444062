"""A CSV file that lists media files, pieces of them, labels and splits."""

import csv
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError, did_you_mean
from brave_tf.preparation.layouts import Listing, Source
from brave_tf.preparation.layouts.names import listed
from brave_tf.storage import as_source, is_remote

SPECIAL_COLUMNS = ("start", "end", "split")
_SURPLUS: Any = object()
"""Key of the cells beyond the header's, unlike any column's name."""


def list_csv(file: Path, path_column: str = "path") -> Listing:
    """Lists the rows of a CSV file.

    Columns: the path (absolute, relative to the CSV's folder, or elsewhere, such as gs://bucket/file.mp4), and
    optionally `start` and `end` in seconds and `split`. Every further column is a label column of its own name; empty
    cells are unlabelled.

    Args:
        file: comma-separated UTF-8 with a header.
        path_column: the column that holds the paths.

    Raises:
        UserError: the file is unreadable or empty, the path column is missing, or a cell does not fit; the row is
            named.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey=_SURPLUS)
            columns = reader.fieldnames or []
            if path_column not in columns:
                raise UserError(
                    f"{file} has the columns {listed(columns)}; {did_you_mean(path_column, columns)}expected "
                    f"{path_column!r}, or --path-column NAME"
                )
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} is not a readable CSV file ({error}); expected comma-separated UTF-8 text") from None
    if not rows:
        raise UserError(f"{file} has a header and no rows; expected one row per media file")
    labels = [name for name in columns if name and name not in (path_column, *SPECIAL_COLUMNS)]
    return Listing(
        [_source(row, f"{file}, row {n}", file.parent, path_column, labels) for n, row in enumerate(rows, 2)],
        layout="csv",
    )


def _source(row: dict[str, str], place: str, folder: Path, path_column: str, labels: list[str]) -> Source:
    if None in row.values() or _SURPLUS in row:
        raise UserError(f"{place} has another number of cells than the header; quote cells that contain commas")
    name = row[path_column].strip()
    if not name:
        raise UserError(f"{place} has an empty {path_column!r} cell; expected a media file")
    start, end = (_seconds(row.get(column), column, place) for column in ("start", "end"))
    if end is not None and end <= (start or 0.0):
        raise UserError(f"{place} ends at {end} s and starts at {start or 0.0} s; expected start < end")
    return Source(
        path=_path(folder, name),
        name=name if is_remote(name) else Path(name).as_posix(),
        start_seconds=start,
        end_seconds=end,
        split=(row.get("split") or "").strip() or None,
        labels={label: row[label].strip() for label in labels if row[label].strip()},
    )


def _path(folder: Path, name: str) -> Path:
    return as_source(name) if is_remote(name) or Path(name).is_absolute() else folder / name


def _seconds(cell: str | None, column: str, place: str) -> float | None:
    if cell is None or not cell.strip():
        return None
    try:
        seconds = float(cell)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UserError(f"{place} has {column}={cell!r}; expected seconds, such as 12.5")
    return seconds
