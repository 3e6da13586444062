"""The list files of a benchmark: finding them, and reading them with the place of every line at hand."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from brave_tf.errors import UserError

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
        # Resolved, because the folder next to "." is not "./..".
        parent = folder.resolve().parent
        looked_in = [folder, *(folder / name for name in beside), *(parent / name for name in beside)]
    for candidate in looked_in:
        if candidate.is_dir() and any(is_list(name) for name in os.listdir(candidate)):
            return candidate
    raise no_lists(looked_in, expected)


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
    try:
        with open(file, newline="", encoding="utf-8-sig") as stream:
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
        names = ", ".join(header) or "none"
        raise UserError(f"{file} has the columns {names}; expected also {', '.join(lacking)}")
    for place, cells in rows:
        if len(cells) != len(header):
            raise malformed(place, ",".join(cells), f"{len(header)} cells, as in the header")
        yield place, dict(zip(header, cells, strict=True))


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


def _unreadable(file: Path, error: Exception) -> UserError:
    reason = getattr(error, "strerror", None) or error
    return UserError(f"{file} cannot be read ({reason}); expected a list file, UTF-8 text")
