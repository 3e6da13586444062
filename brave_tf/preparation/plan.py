"""What a preparation will do: which sources go into which shard. Independent of the number of workers."""

import collections
import dataclasses
import functools
import hashlib
import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.data.dataset import LABEL_PREFIX, PRIMARY_LABEL
from brave_tf.data.flow_code import FlowSettings
from brave_tf.errors import UserError, reason_of
from brave_tf.preparation.layouts import Source, in_order, names_of
from brave_tf.preparation.media_settings import MediaSettings
from brave_tf.storage import is_remote, of_many

SOURCES_PER_SHARD = 16
MOST_SHARDS = 1024


@dataclasses.dataclass(frozen=True)
class ClipSettings:
    """What is made of every source.

    Attributes:
        media: sizes and rates of picture and sound.
        flow: how optical flow is computed; None for no flow.
        broad_size: shorter side in pixels of the small frames that are stored beside the others; None for none.
    """

    media: MediaSettings
    flow: FlowSettings | None = None
    broad_size: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything that tells two preparations of the same sources apart."""
        values = dataclasses.asdict(self.media)
        # Only what there is, so that datasets without it are what they were before there was any.
        if self.flow is not None:
            values["flow"] = self.flow.as_dict()
        if self.broad_size is not None:
            values["broad_size"] = self.broad_size
        return values


@dataclasses.dataclass(frozen=True)
class Shard:
    """One shard's worth of work.

    Attributes:
        name: its file name, such as `train-00000-of-00012.tfrecord`.
        split: its split.
        sources: numbers of its sources in `Plan.sources`.
    """

    name: str
    split: str
    sources: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Plan:
    """A whole preparation.

    Attributes:
        sources: all of them; a source's number is part of its clips' ids.
        shards: all of them.
        classes: class names of every label column, in the order of their indices.
        official: those of them that the layout gives, not the sources.
        multilabel: label columns in which a source may have several names.
        fingerprint: SHA-256 over settings, sources and official classes.
        listing: the sources in words, to compare with another plan.
        sizes: bytes of media of every source, at least 1: how much work it is.
    """

    sources: tuple[Source, ...]
    shards: tuple[Shard, ...]
    classes: dict[str, list[str]]
    official: dict[str, list[str]]
    multilabel: tuple[str, ...]
    fingerprint: str
    listing: dict[str, str]
    sizes: tuple[int, ...]

    @functools.cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.classes.get(PRIMARY_LABEL, ()))}

    def label_indices(self, source: Source) -> tuple[int, ...]:
        """The class index of every name that a source has in the primary label column."""
        return tuple(self._indices[name] for name in names_of(source.labels.get(PRIMARY_LABEL)))

    def cells(self, source: Source) -> dict[str, str | list[str] | None]:
        """What the clip table's label columns hold for a source: one name, a list of them where it may have several."""
        cells: dict[str, str | list[str] | None] = {}
        for column in self.classes:
            names = list(names_of(source.labels.get(column)))
            cells[f"{LABEL_PREFIX}{column}"] = (names or None) if column in self.multilabel else next(iter(names), None)
        return cells


def make_plan(
    sources: Sequence[Source], settings: dict[str, Any], classes: Mapping[str, Sequence[str]] | None = None
) -> Plan:
    """Spreads sources over shards; every source has a split.

    Args:
        sources: the listing.
        settings: what is made of them.
        classes: official classes of label columns, in their order; other columns have those that occur.
    """
    shards = []
    for split in sorted({str(source.split) for source in sources}):
        numbers = [number for number, source in enumerate(sources) if source.split == split]
        count = min(-(-len(numbers) // SOURCES_PER_SHARD), MOST_SHARDS)
        for index in range(count):
            shards.append(Shard(f"{split}-{index:05d}-of-{count:05d}.tfrecord", split, tuple(numbers[index::count])))
    file_bytes = bytes_of([source.path for source in sources])
    listing = {
        f"{number}:{source.name}": _describe(source, size)
        for number, (source, size) in enumerate(zip(sources, file_bytes, strict=True))
    }
    official = {column: list(names) for column, names in (classes or {}).items()}
    # Classes that follow from the sources add nothing, and datasets without official ones are what they always were.
    told_apart_by = [settings, listing, official] if official else [settings, listing]
    digest = hashlib.sha256(json.dumps(told_apart_by, sort_keys=True).encode()).hexdigest()
    multilabel = {name for source in sources for name, value in source.labels.items() if not isinstance(value, str)}
    return Plan(
        tuple(sources),
        tuple(shards),
        _classes(sources, official),
        official,
        tuple(sorted(multilabel)),
        digest,
        listing,
        _sizes(sources, file_bytes),
    )


def bytes_of(paths: Sequence[Path]) -> list[int | None]:
    """Bytes of files; None where there is none.

    Raises:
        UserError: storage elsewhere does not answer: other sizes would make it another plan.
    """
    if not any(map(is_remote, paths)):
        return list(map(_size, paths))
    return of_many(_size, paths)


def _size(path: Path) -> int | None:
    """Bytes of a file, or None if there is none. Whoever reads it tells why it cannot be read.

    Raises:
        UserError: storage elsewhere does not answer: another size would make it another plan.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        if is_remote(path) and not isinstance(error, (FileNotFoundError, PermissionError, NotADirectoryError)):
            raise UserError(f"{path} cannot be read ({reason_of(error)}); try again later") from None
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _sizes(sources: Sequence[Source], file_bytes: Sequence[int | None]) -> tuple[int, ...]:
    """How much there is to read; the pieces of a file share it."""
    pieces = collections.Counter(source.path for source in sources)
    return tuple(max((size or 0) // pieces[source.path], 1) for source, size in zip(sources, file_bytes, strict=True))


def _describe(source: Source, size: int | None) -> str:
    piece = [source.start_seconds, source.end_seconds]
    return json.dumps([size, piece, source.split, dict(source.labels)], sort_keys=True)


def _classes(sources: Sequence[Source], official: dict[str, list[str]]) -> dict[str, list[str]]:
    classes = dict(official)
    for column in dict.fromkeys(name for source in sources for name in source.labels):
        if column not in official:
            values = (source.labels.get(column) for source in sources)
            classes[column] = in_order(name for value in values for name in names_of(value))
    return classes
