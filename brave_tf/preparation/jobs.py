"""What worker processes are given to do, and what they tell."""

import abc
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.plan import ClipSettings, Shard


@dataclasses.dataclass(frozen=True)
class SourceJob:
    """What there is to do for a source.

    Attributes:
        number: of the source in the plan.
        source: the source.
        label_indices: class index of every name in its column `label`.
        settings: what to make of it.
        piece: the file to write.
        shard: the shard that the piece will be part of.
    """

    number: int
    source: Source
    label_indices: tuple[int, ...]
    settings: ClipSettings
    piece: Path
    shard: Path


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a source.

    Attributes:
        rows: of the clip table, without labels; offsets count from the beginning of the piece.
        reason: why the source is left out, or None.
        remembered: whether another try might end otherwise, so that the reason is written down, and the source not
            tried again when an interrupted preparation goes on.
        remarks: what is missing in it although it is used, in words that follow its name.
    """

    rows: list[dict[str, Any]]
    reason: str | None = None
    remembered: bool = False
    remarks: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ShardJob:
    """What there is to do for a shard whose sources are done.

    Attributes:
        out: the dataset's directory.
        shard: the shard to write.
        parts: for each of its sources, in their order, its name, its piece, and what became of it; rows have labels.
        tag: part of the names of files that are not finished.
    """

    out: Path
    shard: Shard
    parts: list[tuple[str, Path, Outcome]]
    tag: str


class StreamedJob(abc.ABC):
    """What gives its result piece by piece, while it is made; it travels to the worker with its class."""

    @abc.abstractmethod
    def do(self, course: Course, give: Callable[[Any], None]) -> Outcome:
        """Does it.

        Args:
            course: how it is done.
            give: takes a piece, and waits until there is room for it.
        """


Job = SourceJob | ShardJob


@dataclasses.dataclass(frozen=True)
class Message:
    """What a worker tells.

    Attributes:
        kind: what it is about.
        content: the number of its process and the time on the machine's clock (`time.monotonic`), the share of its job
            that is done, a piece of the job's result, its result, or an error.
    """

    kind: Literal["ready", "share", "piece", "done", "failed"]
    content: Any


def cannot_write(shard: Path, error: OSError | MemoryError) -> UserError:
    """What is said when a shard, or a piece of it, cannot be written."""
    reason = "out of memory" if isinstance(error, MemoryError) else error.strerror or str(error)
    return UserError(f"{shard} cannot be written ({reason}); free some space and run it again")
