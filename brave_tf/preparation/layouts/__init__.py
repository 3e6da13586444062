"""How source folders are laid out: each layout lists media files with their labels and splits."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

LabelValue = str | tuple[str, ...]
"""What a source has in a label column: one name, or a tuple where the column is multi-label."""

MOST_DIGITS = 640
"""Of a number: Python may be set to read no longer ones."""


@dataclasses.dataclass(frozen=True, slots=True)
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
    labels: Mapping[str, LabelValue] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a layout found.

    Attributes:
        sources: in a fixed order.
        ignored: entries that are not used, counted by extension or by the reason.
        layout: the layout's name.
        classes: of the label columns that have an official order of classes, all of them in that order, whether a
            source has them or not.
        missing: files that a list names and that are not there, by split.
        notes: what its user has to know, a line each.
        folds: the label columns that hold the official splits or folds.
        split_rule: the rule of the splits in words; None for the common one.
    """

    sources: list[Source]
    ignored: dict[str, int] = dataclasses.field(default_factory=dict)
    layout: str = "folder"
    classes: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    folds: tuple[str, ...] = ()
    split_rule: str | None = None


def names_of(value: LabelValue | None) -> tuple[str, ...]:
    """The names in a label value: none, one or several."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def in_order(names: Iterable[str]) -> list[str]:
    """Names without an order of their own: numbers count, words go by the alphabet."""
    distinct = set(names)
    numeric = all(name.isdecimal() and len(name) <= MOST_DIGITS for name in distinct)
    return sorted(distinct, key=lambda name: (int(name), name) if numeric else (0, name))
