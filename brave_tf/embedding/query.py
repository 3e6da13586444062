"""What is searched for: a media file, or the moment of one."""

import collections
import contextlib
import dataclasses
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from brave_tf.config import EvaluationInput
from brave_tf.embedding.answers import Places
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.time_codes import seconds_of, time_code
from brave_tf.embedding.windows import Window, as_source, media_windows
from brave_tf.errors import UserError, one_line
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.limits import MediaError
from brave_tf.storage import is_remote

_CLOCK_SECONDS = 1e-3
"""Times closer than this are the same."""
_SLACK_SECONDS = 1.0
"""So much more than a window is decoded at most, as a file's pictures need not come on time."""


@dataclasses.dataclass(frozen=True)
class Query:
    """A media file to search for, or one moment of it.

    Attributes:
        path: the file.
        seconds: where the moment begins; None for the whole file.
    """

    path: Path
    seconds: float | None = None

    def __str__(self) -> str:
        return self._named(os.fspath(self.path))

    @property
    def title(self) -> str:
        """The same without folders."""
        return self._named(self.path.name)

    def _named(self, name: str) -> str:
        shown = one_line(printable(name))
        return shown if self.seconds is None else f"{shown}@{time_code(self.seconds)}"


def parse_query(given: str | os.PathLike[str]) -> Query:
    """`film.mp4`, `film.mp4@12.5` or `film.mp4@1:02:05`; a file whose name is all of that is taken whole.

    Raises:
        UserError: there is no such file, or what follows the `@` is no time.
    """
    text = os.fspath(given)
    if not text or text.startswith("@"):
        raise UserError(f"received --query {text!r}; expected a media file, or a moment of one such as film.mp4@12.5")
    if is_remote(text):
        raise UserError(f"received --query {one_line(text)}; expected a file on this machine; copy it here first")
    if os.path.isfile(text):
        return Query(Path(text))
    name, mark, moment = text.rpartition("@")
    if mark and os.path.isfile(name):
        seconds = seconds_of(moment)
        if seconds is None:
            raise UserError(
                f"received --query {one_line(printable(text))}; expected seconds or a time code after the @, such as "
                "film.mp4@12.5 or film.mp4@1:02:05"
            )
        return Query(Path(name), seconds)
    path = text if os.path.exists(text) or not mark or seconds_of(moment) is None else name
    problem = "is no file" if os.path.exists(path) else "does not exist"
    raise UserError(
        f"{one_line(printable(path))} {problem}; expected a media file to search for, or a moment of one such as "
        "film.mp4@12.5"
    )


def query_windows(query: Query, input_view: EvaluationInput, grid: Grid) -> Iterator[Window]:
    """The windows of a query: all of the file's, or the one that begins at its moment.

    Where the file ends within that one, it is the last that fits.

    Raises:
        UserError: the file cannot be used, lacks what the encoder embeds, or ends before the moment.
    """
    try:
        if query.seconds is None:
            yield from media_windows(query.path, input_view, grid.window_seconds, grid.stride_seconds)
        else:
            yield _window_at(query, query.seconds, input_view, grid)
    except MediaError as error:
        raise UserError(f"{query} cannot be searched for: it {error}; choose another --query") from None


def _window_at(query: Query, seconds: float, input_view: EvaluationInput, grid: Grid) -> Window:
    found = _first_window(query, seconds, input_view, grid)
    if found is not None and found.end - found.start >= grid.window_seconds - grid.unit_seconds:
        return found
    # The file ends within the window, or before it: of the windows of what comes before, the last ends with the file.
    begin, last = max(seconds - grid.window_seconds, 0.0), None
    if _first_window(query, begin, input_view, grid) is not None:
        source = _from(query, begin)
        rest = media_windows(source, input_view, grid.window_seconds, grid.stride_seconds)
        last = collections.deque(rest, maxlen=1)[0]
    else:
        # Says what is wrong with the file, if that is why nothing was found.
        next(media_windows(query.path, input_view, grid.window_seconds, grid.stride_seconds), None)
    if last is None or last.end <= seconds + _CLOCK_SECONDS:
        raise UserError(f"{query} is past the end of the file; expected a moment within it")
    return last


def _first_window(query: Query, seconds: float, input_view: EvaluationInput, grid: Grid) -> Window | None:
    """The window that begins there; None where the file has nothing there, or is of no use."""
    source = _from(query, seconds, seconds + grid.window_seconds + _SLACK_SECONDS)
    try:
        return next(media_windows(source, input_view, grid.window_seconds, grid.window_seconds), None)
    except MediaError:
        return None


def _from(query: Query, begin: float, end: float | None = None) -> Source:
    return dataclasses.replace(as_source(query.path), start_seconds=begin or None, end_seconds=end)


def files_of_query(query: Query, places: Places, folder: Path | None) -> np.ndarray:
    """Numbers of the table's files that are the query's own, under whatever name.

    Args:
        query: what is searched for.
        places: the rows of the table.
        folder: what relative names in the table count from; None where they name no files, and so none is the query.
    """
    if folder is None:
        return np.zeros(0, np.int64)
    own = printable(os.path.realpath(query.path))
    last = os.path.basename(own)
    links = _links(folder, {name[: name.rfind("/") + 1] for name in places.names})
    # Most names differ in their last part and are no links. They need no look at the disk.
    alike = (number for number, name in enumerate(places.names) if name.endswith(last) or name in links)
    return np.array(
        [each for each in alike if printable(os.path.realpath(folder / places.names[each])) == own], np.int64
    )


def _links(folder: Path, beginnings: Iterable[str]) -> set[str]:
    """Names of symbolic links that begin with one of these folders; of those that are not there, none."""
    found = set()
    for beginning in beginnings:
        with contextlib.suppress(OSError), os.scandir(folder / beginning) as entries:
            found |= {beginning + printable(entry.name) for entry in entries if entry.is_symlink()}
    return found


def batches(windows: Iterator[Window], size: int) -> Iterator[list[Window]]:
    """Up to `size` windows at a time."""
    while batch := list(itertools.islice(windows, size)):
        yield batch
