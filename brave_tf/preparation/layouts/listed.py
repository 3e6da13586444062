"""The files that a benchmark lists, against the files that are there."""

import collections
import dataclasses
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import LabelValue, Listing, Source
from brave_tf.preparation.layouts.names import printable, split_extension
from brave_tf.preparation.layouts.walk import INSIDE, Reach, Walk, links_left, walk

NOT_LISTED = "not listed"
COPIES = "other copies of listed files"


@dataclasses.dataclass(frozen=True, slots=True)
class Listed:
    """A media file that a list names.

    Attributes:
        file: the file's name; it is only ever compared with the names of files that are there.
        split: the dataset's split.
        labels: its value in every label column that has one for it.
        folder: the class folder that holds it; None where the benchmark has none.
        end_seconds: where to end; None for the end.
    """

    file: str
    split: str
    labels: Mapping[str, LabelValue]
    folder: str | None = None
    end_seconds: float | None = None

    @property
    def name(self) -> str:
        """What to call it."""
        return self.file if self.folder is None else f"{self.folder}/{self.file}"


@dataclasses.dataclass(frozen=True)
class Lists:
    """All that the list files of a benchmark say.

    Attributes:
        layout: the benchmark.
        files: the list files.
        listed: the media files, in a fixed order.
        classes: see `Listing`.
        folds: see `Listing`.
        notes: see `Listing`.
        split_rule: see `Listing`.
    """

    layout: str
    files: Sequence[Path]
    listed: Sequence[Listed]
    classes: Mapping[str, Sequence[str]]
    folds: tuple[str, ...] = ()
    notes: Sequence[str] = ()
    split_rule: str | None = None


def match(
    folder: Path,
    lists: Lists,
    reach: Reach = INSIDE,
    *,
    key_of: Callable[[str], str] = str,
    may_be_flat: bool = False,
) -> Listing:
    """Finds the listed files, anywhere below the folder.

    A file is the one that is listed if its name without the extension is, and if it lies in the class folder that the
    list gives. Any media extension will do; of several the listed one is taken, else the first by the alphabet.

    Args:
        folder: the source.
        lists: what is listed.
        reach: which entries below the folder belong to it.
        key_of: the listed name that a file's name without extension stands for; by default itself.
        may_be_flat: a file that lies in none of the class folders may be any class's.

    Raises:
        UserError: none of the listed files is there, or the folder cannot be read.
    """
    found = walk(folder, reach, uncounted=lists.files)
    present: dict[str, list[str]] = collections.defaultdict(list)
    for path in found.media:
        present[key_of(split_extension(os.path.basename(path))[0])].append(path)
    class_folders = {item.folder for item in lists.listed}
    sources: list[Source] = []
    used: set[str] = set()
    copies: set[str] = set()
    missing: dict[str, list[str]] = collections.defaultdict(list)
    for item in lists.listed:
        matches = _candidates(present, item, class_folders if may_be_flat else None)
        if not matches:
            missing[item.split].append(item.name)
            continue
        used.add(matches[0])
        copies.update(matches)
        sources.append(_source(folder, matches[0], item))
    if not sources:
        raise _nothing(folder, lists, found)
    counts = {NOT_LISTED: len(found.media) - len(copies), COPIES: len(copies - used)}
    return Listing(
        sources,
        found.ignored | {reason: count for reason, count in counts.items() if count},
        layout=lists.layout,
        classes=lists.classes,
        missing=dict(missing),
        notes=[*lists.notes, *found.notes],
        folds=lists.folds,
        split_rule=lists.split_rule,
    )


def _candidates(
    present: Mapping[str, Sequence[str]], item: Listed, class_folders: Collection[str | None] | None
) -> list[str]:
    """Files that may be the listed one, the best first; those outside `class_folders` too, if these are given."""
    stem, extension = split_extension(item.file)
    paths = present.get(stem, ())
    matches = [path for path in paths if item.folder in (None, _folder_of(path))]
    if not matches and class_folders is not None:
        matches = [path for path in paths if _folder_of(path) not in class_folders]
    return sorted(matches, key=lambda path: (split_extension(path)[1] != extension, path))


def _source(folder: Path, path: str, item: Listed) -> Source:
    name = printable(path.replace(os.sep, "/"))
    return Source(folder / path, name, end_seconds=item.end_seconds, split=item.split, labels=item.labels)


def _folder_of(path: str) -> str:
    return os.path.basename(os.path.dirname(path))


def _nothing(folder: Path, lists: Lists, found: Walk) -> UserError:
    media = found.media
    there = f"{len(media)} media files, such as {printable(media[0])}" if media else "no media files"
    wanted = f"such as {lists.listed[0].name}" if lists.listed else "but they list none"
    return UserError(
        f"{folder} holds {there}{links_left(found.ignored)}; expected some of the {len(lists.listed):,} files that the "
        f"list files of {lists.layout} name, {wanted}; check the source and --layout"
    )
