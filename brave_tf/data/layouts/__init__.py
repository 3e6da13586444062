"""How source folders are laid out: each layout lists media files with their labels and splits."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Source:
    """One media file, or a piece of one, to prepare.

    Attributes:
        path: the file.
        name: its name in the dataset: relative to the source, with forward slashes.
        start_seconds: where to begin; None for the start.
        end_seconds: where to end; None for the end.
        split: the split that the layout gives it, or None.
        labels: its value in every label column that has one for it.
    """

    path: Path
    name: str
    start_seconds: float | None = None
    end_seconds: float | None = None
    split: str | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a layout found.

    Attributes:
        sources: in a fixed order.
        ignored: files that are no media, by extension.
    """

    sources: list[Source]
    ignored: dict[str, int] = dataclasses.field(default_factory=dict)
