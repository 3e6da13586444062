"""What lies below a folder: every entry is a media file, or is counted under what it is instead."""

import bisect
import collections
import dataclasses
import errno
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from brave_tf.config.words import FollowLinks
from brave_tf.errors import UserError, one_line
from brave_tf.preparation.layouts.names import MEDIA_EXTENSIONS, extension_of
from brave_tf.storage import RemotePath, is_remote

NO_EXTENSION, OTHER_EXTENSIONS = "no extension", "other extensions"
HIDDEN_FILES, HIDDEN_FOLDERS = "hidden files", "hidden folders"
LINKS = "links"
LINKS_OUT, LINKED_FOLDERS_OUT = "links out of the source", "linked folders out of the source"
DANGLING, LOOPS, BROKEN_LINKS = "links to nothing", "links in loops", "links that cannot be followed"
LISTED_FOLDERS = "folders that are listed already"
FIFOS, SOCKETS, DEVICES = "FIFOs", "sockets", "devices"
NO_PERMISSION, UNREADABLE = "folders without permission", "entries that cannot be read"

MOST_EXTENSIONS = 20
"""Extensions that are counted each for itself, the most frequent ones; frames may be numbered by theirs."""
MOST_NAMES, MOST_NAME_LENGTH = 5, 120
"""Entries of a kind that are named, and how much of a name is shown."""
_KIND_OF_TYPE = {
    stat.S_IFIFO: FIFOS,
    stat.S_IFSOCK: SOCKETS,
    stat.S_IFCHR: DEVICES,
    stat.S_IFBLK: DEVICES,
}
_KIND_OF_ERROR = {errno.ENOENT: DANGLING, errno.ENOTDIR: DANGLING, errno.ELOOP: LOOPS}


@dataclasses.dataclass(frozen=True)
class Reach:
    """Which entries below a source belong to it.

    Attributes:
        follow_links: "inside" follows links that stay inside the source, "all" also those out of it, "none" none.
        leave_out: a folder that counts for nothing, such as the dataset that is written below its source; None for
            none.
    """

    follow_links: FollowLinks = "inside"
    leave_out: Path | None = None


INSIDE = Reach()


@dataclasses.dataclass(frozen=True)
class Walk:
    """What lies below a folder.

    Attributes:
        media: files with a media extension, relative to the folder, ordered by folder and name.
        ignored: every other entry but the folders that were entered, counted by extension or by kind.
        notes: names of those that one would not expect to be left out, a line for each kind.
    """

    media: list[str]
    ignored: dict[str, int]
    notes: list[str]


def walk(folder: Path, reach: Reach = INSIDE, uncounted: Collection[Path] = ()) -> Walk:
    """Finds the media files below a folder.

    Nothing is opened, and only links are asked what they are. A folder is entered once: by its own path if that is in
    the source and not hidden, else by the first link to it, so that loops end and no file is listed twice. A linked
    file is a file of its own.

    Args:
        folder: where to look.
        reach: which links are followed, and what is left out.
        uncounted: files that count neither as media nor as ignored.

    Raises:
        UserError: the folder itself cannot be read.
    """
    left_out = [*uncounted] if reach.leave_out is None else [*uncounted, reach.leave_out]
    if isinstance(folder, RemotePath):
        from brave_tf.preparation.layouts.walk_elsewhere import walk_elsewhere

        return walk_elsewhere(folder, left_out).as_walk()
    walker = _Walker(folder, reach, left_out)
    walker.run()
    return walker.tally.as_walk()


class Tally:
    """What was found so far; its memory grows with the media and with what is odd, not with other files."""

    def __init__(self) -> None:
        self.media: list[str] = []
        self.extensions: collections.Counter[str] = collections.Counter()
        self.kinds: collections.Counter[str] = collections.Counter()
        self.names: collections.defaultdict[str, list[str]] = collections.defaultdict(list)

    def take_file(self, name: str, path: str) -> None:
        """Takes down a file by its name."""
        extension = extension_of(name)
        if extension in MEDIA_EXTENSIONS:
            self.media.append(path)
        else:
            self.extensions[extension] += 1

    def ignore(self, kind: str, path: str) -> None:
        """Takes down an entry that is neither a file nor a folder to enter."""
        self.kinds[kind] += 1
        # The first ones by the alphabet, in whatever order the file system gives them.
        names = self.names[kind]
        bisect.insort(names, path)
        del names[MOST_NAMES:]

    def as_walk(self) -> Walk:
        """All of it, in order."""
        return Walk(
            # By folder and name: nothing in a name comes before the sign that no name holds.
            sorted(self.media, key=lambda path: path.replace(os.sep, "\0")),
            dict(sorted({**_merged(self.extensions), **self.kinds}.items())),
            [_note(kind, self.kinds[kind], names) for kind, names in sorted(self.names.items())],
        )


class _Link(NamedTuple):
    """A linked folder: its path below the source, what it leads to, and the real folder that it lies in."""

    path: str
    target: str
    parent: str


class _Walker:
    """Takes every entry down; memory grows with the media, the folders and the links, not with other files."""

    def __init__(self, folder: Path, reach: Reach, left_out: Collection[Path]):
        self.tally = Tally()
        self._folder, self._follow_links = folder, reach.follow_links
        self._root = os.path.realpath(folder)
        places = [os.path.join(os.path.realpath(path.parent), path.name) for path in left_out if not is_remote(path)]
        self._uncounted = frozenset(place for place in places if _is_below(place, self._root))
        # Real paths of the folders that a walk began at: all that is below them is listed, but for what is hidden.
        self._begun = {self._root}
        self._links: list[_Link] = []

    def run(self) -> None:
        """Enters the folder, and after it the linked folders that lead to what it did not."""
        self._enter("", self._root)
        while self._links:
            links, self._links = sorted(self._links), []
            for link in links:
                self._follow(link)

    def _enter(self, path: str, real: str) -> None:
        folders = [(path, real)]
        while folders:
            path, real = folders.pop()
            try:
                with os.scandir(os.path.join(self._folder, path)) as entries:
                    for entry in entries:
                        self._take(entry, path, real, folders)
            except OSError as error:
                if not path:
                    raise UserError(f"{self._folder} cannot be read ({error.strerror}); make it readable") from None
                self.tally.ignore(NO_PERMISSION if isinstance(error, PermissionError) else UNREADABLE, path)

    def _take(self, entry: os.DirEntry[str], folder: str, real: str, folders: list[tuple[str, str]]) -> None:
        if self._uncounted and os.path.join(real, entry.name) in self._uncounted:
            return
        path = os.path.join(folder, entry.name)
        try:
            if entry.name.startswith("."):
                self.tally.kinds[HIDDEN_FOLDERS if entry.is_dir(follow_symlinks=False) else HIDDEN_FILES] += 1
            elif entry.is_symlink():
                self._take_link(entry, path, real)
            elif entry.is_file(follow_symlinks=False):
                self.tally.take_file(entry.name, path)
            elif not entry.is_dir(follow_symlinks=False):
                self.tally.ignore(_kind(entry.stat(follow_symlinks=False)), path)
            elif (inner := os.path.join(real, entry.name)) in self._begun:
                self.tally.ignore(LISTED_FOLDERS, path)
            else:
                folders.append((path, inner))
        except OSError:
            # A file system that has to be asked what an entry is, and does not say.
            self.tally.ignore(UNREADABLE, path)

    def _take_link(self, entry: os.DirEntry[str], path: str, real: str) -> None:
        if self._follow_links == "none":
            self.tally.ignore(LINKS, path)
            return
        try:
            status = entry.stat()
        except OSError as error:
            self.tally.ignore(_KIND_OF_ERROR.get(error.errno or 0, BROKEN_LINKS), path)
            return
        if stat.S_ISDIR(status.st_mode):
            self._links.append(_Link(path, os.path.realpath(entry.path), real))
        elif not stat.S_ISREG(status.st_mode):
            self.tally.ignore(_kind(status), path)
        elif extension_of(entry.name) in MEDIA_EXTENSIONS and not self._may_follow(os.path.realpath(entry.path)):
            self.tally.ignore(LINKS_OUT, path)
        else:
            self.tally.take_file(entry.name, path)

    def _follow(self, link: _Link) -> None:
        if _is_below(link.parent, link.target):
            self.tally.ignore(LOOPS, link.path)
        elif self._is_listed(link.target):
            self.tally.ignore(LISTED_FOLDERS, link.path)
        elif not self._may_follow(link.target):
            self.tally.ignore(LINKED_FOLDERS_OUT, link.path)
        else:
            self._begun.add(link.target)
            self._enter(link.path, link.target)

    def _may_follow(self, target: str) -> bool:
        return self._follow_links == "all" or _is_below(target, self._root)

    def _is_listed(self, real: str) -> bool:
        """Whether a real folder is below one that a walk began at, with no hidden folder on the way."""
        while real not in self._begun:
            parent, name = os.path.split(real)
            if parent == real or name.startswith("."):
                return False
            real = parent
        return True


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _kind(status: os.stat_result) -> str:
    return _KIND_OF_TYPE.get(stat.S_IFMT(status.st_mode), UNREADABLE)


def _merged(extensions: collections.Counter[str]) -> dict[str, int]:
    """The most frequent extensions as they are shown, and the sum of the others."""
    shown: collections.Counter[str] = collections.Counter()
    for extension, count in extensions.items():
        shown[one_line(extension) or NO_EXTENSION] += count
    ranked = sorted(shown.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(count for _, count in ranked[MOST_EXTENSIONS:])
    return dict(ranked[:MOST_EXTENSIONS]) | ({OTHER_EXTENSIONS: rest} if rest else {})


def _note(kind: str, count: int, names: list[str]) -> str:
    listed = ", ".join(_shortened(one_line(name)) for name in names)
    more = f" and {count - len(names):,} more" if count > len(names) else ""
    remedy = "; --follow-links all follows them" if kind in (LINKS_OUT, LINKED_FOLDERS_OUT) else ""
    return f"{kind}: {listed}{more}{remedy}"


def _shortened(name: str) -> str:
    half = MOST_NAME_LENGTH // 2
    return name if len(name) <= MOST_NAME_LENGTH else f"{name[:half]}...{name[-half:]}"


def links_left(ignored: Mapping[str, int]) -> str:
    """What the message says about links that were not followed, for a source that holds nothing to use."""
    if ignored.get(LINKS):
        return "; links are not followed with --follow-links none"
    if ignored.get(LINKS_OUT) or ignored.get(LINKED_FOLDERS_OUT):
        return "; links out of it are not followed without --follow-links all"
    return ""
