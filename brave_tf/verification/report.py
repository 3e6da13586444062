"""What a verification found."""

import dataclasses
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class ClipPlace:
    """A clip, and where its record lies.

    Attributes:
        clip_id: its number in the dataset.
        split: its split.
        source: the media file that it was made of.
        start_seconds: where it begins in that file; None if the dataset does not tell.
        shard: the file of its record.
        offset: first byte of the record's payload in it.
    """

    clip_id: int
    split: str
    source: str
    start_seconds: float | None
    shard: str
    offset: int

    def __str__(self) -> str:
        start = "" if self.start_seconds is None else f" from {self.start_seconds:g} s"
        return f"{self.source}{start} (clip {self.clip_id}, {self.split}, {self.shard} at byte {self.offset})"


@dataclasses.dataclass(frozen=True)
class UnusableClip:
    """A clip that cannot be used as the clip table says, and why."""

    clip: ClipPlace
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.clip}: {'; '.join(self.reasons)}"


@dataclasses.dataclass(frozen=True)
class UnlistedBytes:
    """A part of a shard that no row of the clip table covers.

    Attributes:
        shard: the file.
        offset: its first byte.
        size: its bytes.
        what: what lies there.
    """

    shard: str
    offset: int
    size: int
    what: str

    def __str__(self) -> str:
        return f"{self.shard}: {self.size:,} bytes from {self.offset} on are {self.what}"


@dataclasses.dataclass(frozen=True)
class CopiedClips:
    """Clips of one content.

    Attributes:
        clips: two or more.
        is_exact: whether pictures and sound are equal byte for byte, rather than look and sound alike.
    """

    clips: tuple[ClipPlace, ...]
    is_exact: bool

    def __str__(self) -> str:
        return ("the same: " if self.is_exact else "alike: ") + ", ".join(map(str, self.clips))


@dataclasses.dataclass(frozen=True)
class VerificationReport:
    """What a verification found.

    Attributes:
        dataset: its path.
        clips: rows of its clip table.
        shards: files that they lie in.
        bytes_read: of these files.
        damaged: clips that cannot be used as they are, in the order of the shards.
        left_out: records of a dataset of others that were left out when it was opened, with reasons.
        unlisted: parts of shards that no clip covers.
        problems: what does not fit between the dataset's files, a line each.
        leaks: clips that have a copy in another split, exact or alike.
        duplicates: clips that have exact copies in the same split alone.
        repaired: clips in the repaired dataset; None where none was written.
    """

    dataset: str
    clips: int
    shards: int
    bytes_read: int
    damaged: tuple[UnusableClip, ...] = ()
    left_out: tuple[str, ...] = ()
    unlisted: tuple[UnlistedBytes, ...] = ()
    problems: tuple[str, ...] = ()
    leaks: tuple[CopiedClips, ...] = ()
    duplicates: tuple[CopiedClips, ...] = ()
    repaired: int | None = None

    @property
    def wrong(self) -> tuple[tuple[str, Sequence[Any]], ...]:
        """What is wrong, by what it is called. Copies within one split are worth knowing, and wrong in no dataset."""
        return (
            ("damaged clips", self.damaged),
            ("records that were left out when it was opened", self.left_out),
            ("parts of shards that no clip covers", self.unlisted),
            ("things that do not fit together", self.problems),
            ("groups of clips with copies in several splits", self.leaks),
        )

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not any(found for _, found in self.wrong)

    @property
    def can_be_repaired(self) -> bool:
        """Whether something is wrong that a new clip table and `dataset.json` without damaged clips mend."""
        return bool(self.damaged or self.unlisted or self.problems)

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON, with `is_sound`."""
        return {**dataclasses.asdict(self), "is_sound": self.is_sound}
