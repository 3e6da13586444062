"""The files that a benchmark lists, against the files that are there."""

import collections
import dataclasses
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import LabelValue, Listing, Source
from brave_tf.preparation.layouts.folder import MEDIA_EXTENSIONS, printable

NOT_LISTED = "not listed"
COPIES = "other copies of listed files"
LINKS = "links out of the source"
LINKED_FOLDERS = "linked folders"


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
    folder: Path, lists: Lists, *, key_of: Callable[[str], str] | None = None, may_be_flat: bool = False
) -> Listing:
    """Finds the listed files, anywhere below the folder.

    A file is the one that is listed if its name without the extension is, and if it lies in the class folder that the
    list gives. Any media extension will do; of several the listed one is taken, else the first by the alphabet.

    Args:
        folder: the source.
        lists: what is listed.
        key_of: the listed name that a file's name without extension stands for; None where they are the same.
        may_be_flat: a file that lies in none of the class folders may be any class's.

    Raises:
        UserError: none of the listed files is there, or a folder cannot be read.
    """
    present, ignored = _present(folder, lists.files, key_of or str)
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
    media = {path for paths in present.values() for path in paths}
    if not sources:
        raise _nothing(folder, lists, media, ignored)
    for reason, count in ((NOT_LISTED, len(media - copies)), (COPIES, len(copies - used))):
        ignored |= {reason: count} if count else {}
    return Listing(
        sources,
        ignored,
        layout=lists.layout,
        classes=lists.classes,
        missing=dict(missing),
        notes=list(lists.notes),
        folds=lists.folds,
        split_rule=lists.split_rule,
    )


def split_extension(name: str) -> tuple[str, str]:
    """A file's name, and its extension in lower case; a name that ends in no media extension has none."""
    stem, extension = os.path.splitext(name)
    return (stem, extension.lower()) if extension.lower() in MEDIA_EXTENSIONS else (name, "")


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


def _present(
    folder: Path, lists: Collection[Path], key_of: Callable[[str], str]
) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Media files below the folder, relative to it, by key; and what else is there, counted."""
    present: dict[str, list[str]] = collections.defaultdict(list)
    ignored: collections.Counter[str] = collections.Counter()
    inside = os.path.join(os.path.realpath(folder), "")
    read = {str(file) for file in lists}
    for path in _walk(folder, ignored):
        stem, extension = split_extension(os.path.basename(path))
        whole = os.path.join(folder, path)
        if not extension:
            if str(folder / path) not in read:
                ignored[os.path.splitext(path)[1].lower() or "no extension"] += 1
        elif os.path.islink(whole) and not os.path.realpath(whole).startswith(inside):
            ignored[LINKS] += 1
        else:
            present[key_of(stem)].append(path)
    return present, dict(ignored)


def _walk(folder: Path, ignored: collections.Counter[str]) -> Iterator[str]:
    for place, folders, names in os.walk(folder, onerror=_refuse):
        visible = sorted(name for name in folders if not name.startswith("."))
        if links := sum(os.path.islink(os.path.join(place, name)) for name in visible):
            ignored[LINKED_FOLDERS] += links
        folders[:] = visible
        base = os.path.relpath(place, folder)
        for name in sorted(names):
            if not name.startswith("."):
                yield name if base == "." else os.path.join(base, name)


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read ({error.strerror}); make it readable, or move it away")


def _nothing(folder: Path, lists: Lists, media: Collection[str], ignored: Mapping[str, int]) -> UserError:
    there = f"{len(media)} media files, such as {printable(min(media))}" if media else "no media files"
    links = sum(ignored.get(reason, 0) for reason in (LINKS, LINKED_FOLDERS))
    followed = "; links out of it are not followed" if links else ""
    wanted = f"such as {lists.listed[0].name}" if lists.listed else "but they list none"
    return UserError(
        f"{folder} holds {there}{followed}; expected some of the {len(lists.listed):,} files that the list files of "
        f"{lists.layout} name, {wanted}; check the source and --layout"
    )
