"""The windows of a query, decoded in a process of its own: a file that hangs or crashes it costs the query alone."""

import contextlib
import dataclasses
from collections.abc import Generator, Iterator

from brave_tf.config import EvaluationInput
from brave_tf.embedding.decoding import decoded_in_processes
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.jobs import MediaJob
from brave_tf.embedding.query import Query, query_windows
from brave_tf.embedding.windows import Window, as_source
from brave_tf.errors import UserError, reason_of
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.worker_server import running_server

MOST_SILENT_SECONDS = 60.0
"""Somebody waits for the answers: a file that gives nothing for so long is given up."""


@dataclasses.dataclass(frozen=True)
class QueryJob(MediaJob):
    """The windows of a query; see `MediaJob`.

    Attributes:
        seconds: where its moment begins; None for the whole file.
    """

    seconds: float | None = None

    def windows(self, source: Source, course: Course) -> Iterator[Window]:
        """See `query_windows`."""
        grid = Grid.of(self.input_view, self.window, self.stride)
        return query_windows(Query(source.path, self.seconds), self.input_view, grid)


def decoded_query(query: Query, input_view: EvaluationInput, grid: Grid) -> Generator[Window, None, None]:
    """`query_windows`, decoded while what came before is embedded.

    Raises:
        UserError: see `query_windows`; or reading the file ends its process, hangs or takes too much memory, or no
            process can be started.
    """
    check_processes()
    source = as_source(query.path)
    job = QueryJob(0, source, input_view, grid.window_seconds, grid.stride_seconds, seconds=query.seconds)
    with contextlib.closing(decoded_in_processes([job], 1, MOST_SILENT_SECONDS)) as events:
        for event in events:
            content = None if event is None else event[1]
            if isinstance(content, Window):
                yield content
            elif isinstance(content, Outcome) and content.reason is not None:
                raise UserError(f"{query} cannot be searched for: it {content.reason}; choose another --query")


def check_processes() -> None:
    """Raises `UserError` if no process can be started that reads media."""
    try:
        running_server()
    except OSError as error:
        raise UserError(
            f"the process that reads media could not be started ({reason_of(error)}); end some other programs, and "
            "run it again"
        ) from None
