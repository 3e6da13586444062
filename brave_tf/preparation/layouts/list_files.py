"""The list files of a benchmark: finding them, and reading them with the place of every line at hand."""

import csv
import json
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.names import listed
from brave_tf.storage import is_remote

_SHOWN = 80
"""Characters of a line that cannot be used that its message repeats."""


def find_list_folder(
    folder: Path, annotations: Path | None, beside: Sequence[str], is_list: Callable[[str], object], expected: str
) -> Path:
    """The folder that holds a benchmark's list files.

    Args:
        folder: the source.
        annotations: where the user says that they are; None to look in the source, and in the usual folders in it and
            next to it.
        beside: names of those usual folders.
        is_list: whether a file of this name is a list.
        expected: the list files in words.

    Raises:
        UserError: there are none.
    """
    if annotations is not None:
        looked_in = [annotations, *(annotations / name for name in beside)]
    else:
        looked_in = [folder, *(folder / name for name in beside), *next_to(folder, beside)]
    for candidate in looked_in:
        if any(is_list(name) for name in names_in(candidate)):
            return candidate
    raise no_lists(looked_in, expected)


def next_to(folder: Path, names: Sequence[str]) -> list[Path]:
    """Folders with these names beside a folder."""
    # There is nothing next to a bucket that would be its owner's.
    if is_remote(folder) and len(folder.parts) < len(("scheme:", "bucket", "folder")):
        return []
    # Resolved, because the folder next to "." is not "./..".
    return [folder.resolve().parent / name for name in names]


def names_in(folder: Path) -> list[str]:
    """Names of what a folder holds, in order; none if it is not there.

    Raises:
        UserError: it cannot be read.
    """
    if not folder.is_dir():
        return []
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}); make it readable, or name the folder of the list files with "
            "--annotations"
        ) from None


def no_lists(looked_in: Sequence[Path], expected: str) -> UserError:
    """The error of a search that found nothing."""
    places = ", ".join(str(place) for place in looked_in)
    return UserError(f"found no list files in {places}; expected {expected}; say where they are with --annotations")


def malformed(place: str, received: str, expected: str) -> UserError:
    """The error of a line that cannot be used; `place` names its file and number."""
    excerpt = received if len(received) <= _SHOWN else received[:_SHOWN] + "..."
    return UserError(f"{place} holds {excerpt!r}; expected {expected}; use the list files as their authors ship them")


def read_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Lines of a text file that are not blank, stripped, each with its place.

    Raises:
        UserError: the file is unreadable.
    """
    _check_kind(file)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{file}, line {number}", line.strip()


def read_rows(file: Path, comments: bool = False) -> Iterator[tuple[str, list[str]]]:
    """Rows of a CSV file that are not blank, their cells stripped, each with its place.

    Args:
        file: comma-separated UTF-8.
        comments: pass over rows that begin with #.

    Raises:
        UserError: the file is unreadable, or a row is no CSV.
    """
    _check_kind(file)
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            # Some lists have a space after every comma, also before a quote.
            reader = csv.reader(stream, skipinitialspace=True, strict=True)
            before = 0
            for cells in reader:
                place, before = f"{file}, line {before + 1}", reader.line_num
                if any("\n" in cell or "\r" in cell for cell in cells):
                    raise malformed(place, ",".join(cells), "one row per line; a quote may be open")
                if any(cells) and not (comments and cells[0].startswith("#")):
                    yield place, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise UserError(f"{file}, line {before + 1} is no CSV ({error}); expected comma-separated cells") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None


def read_table(file: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with a header, as the header names their cells, each with its place.

    Raises:
        UserError: the file is unreadable, the header lacks a column, or a row has another number of cells.
    """
    rows = read_rows(file)
    header = next(rows, (str(file), []))[1]
    if lacking := [column for column in columns if column not in header]:
        raise UserError(f"{file} has the columns {listed(header)}; expected also {', '.join(lacking)}")
    for place, cells in rows:
        if len(cells) != len(header):
            raise malformed(place, ",".join(cells), f"{len(header)} cells, as in the header")
        yield place, dict(zip(header, cells, strict=True))


def read_json(file: Path) -> Any:
    """The content of a JSON file.

    Raises:
        UserError: the file is unreadable, or no JSON.
    """
    _check_kind(file)
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{file} is no JSON ({error}); expected a list file; use the list files as their authors ship them"
        ) from None


def excerpt(content: Any) -> str:
    """What a JSON file holds, for a message."""
    try:
        return json.dumps(content)
    except RecursionError:
        return f"a {type(content).__name__} in many others"


def read_entries(file: Path, kinds: Mapping[str, type]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entries of a JSON file that holds a list of objects, each with its place.

    Args:
        file: the file.
        kinds: the values that every entry needs, by key.

    Raises:
        UserError: the file is unreadable or no JSON, or holds something else.
    """
    expected = ", ".join(f"{key!r} ({'text' if kind is str else 'a whole number'})" for key, kind in kinds.items())
    entries = read_json(file)
    if not isinstance(entries, list):
        raise malformed(str(file), excerpt(entries), f"a list of objects with {expected}")
    for number, entry in enumerate(entries, 1):
        place = f"{file}, entry {number}"
        if not isinstance(entry, dict) or any(type(entry.get(key)) is not kind for key, kind in kinds.items()):
            raise malformed(place, excerpt(entry), f"an object with {expected}")
        yield place, entry


def differences(layout: str, figures: Sequence[tuple[str, int, int]]) -> list[str]:
    """At most one line, about figures that are not the published ones.

    Args:
        layout: whose figures.
        figures: each what it counts (`{}` stands for the number), the number found and the one published.
    """
    wrong = [(words, count, published) for words, count, published in figures if count != published]
    if not wrong:
        return []
    words, count, published = wrong[0]
    more = f" (and {len(wrong) - 1} more figures differ)" if len(wrong) > 1 else ""
    return [f"{layout}: {words.replace('{}', f'{count:,}')}; published: {published:,}{more}"]


def _check_kind(file: Path) -> None:
    # Opening a pipe waits for its other end, perhaps for ever.
    try:
        mode = file.stat().st_mode
    except OSError:
        return  # Opening it tells why.
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise UserError(f"{file} is a pipe, a socket or a device; expected a list file")


def _unreadable(file: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{file} cannot be read ({reason}); expected a list file, UTF-8 text")
