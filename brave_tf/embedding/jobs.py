"""What there is to do for a media file: windows of it, one after the other, in whatever process."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from brave_tf.config import EvaluationInput
from brave_tf.embedding.windows import Window, media_windows
from brave_tf.preparation.fetched_sources import cannot_fetch
from brave_tf.preparation.jobs import Outcome, StreamedJob
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media_settings import Course
from brave_tf.storage import local_copy


@dataclasses.dataclass(frozen=True)
class MediaJob(StreamedJob):
    """The windows of a media file, or of a piece of one.

    Attributes:
        number: of the file in the plan.
        source: the file.
        input_view: what the encoder is shown at evaluation time.
        window: seconds of a window.
        stride: seconds from one window to the next.
        skip: so many windows are there already.
    """

    number: int
    source: Source
    input_view: EvaluationInput
    window: float
    stride: float
    skip: int = 0

    def do(self, course: Course, give: Callable[[Any], None]) -> Outcome:
        """Gives the windows that are not there yet; where there is a reason in the end, none of them counts."""
        try:
            with local_copy(self.source.path) as path:
                return self._do(dataclasses.replace(self.source, path=path), course, give)
        except OSError as error:
            return cannot_fetch(error, self.source.name)

    def windows(self, source: Source, course: Course) -> Iterator[Window]:
        """All windows of the source, which is on this machine now; see `media_windows`."""
        return media_windows(source, self.input_view, self.window, self.stride, course=course)

    def _do(self, source: Source, course: Course, give: Callable[[Any], None]) -> Outcome:
        remarks: list[str] = []
        course = dataclasses.replace(course, remark=remarks.append)
        try:
            for window in itertools.islice(self.windows(source, course), self.skip, None):
                give(window)
        except MediaError as error:
            return Outcome([], str(error))
        except MemoryError:
            return Outcome([], "needs more memory than there is")
        return Outcome([], remarks=tuple(remarks))
