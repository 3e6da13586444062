"""Every entry of a source is a media file or is counted: links, loops, pipes, and folders that cannot be read."""

import collections
import os
import socket
import tempfile
import tracemalloc
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import walk as module
from brave_tf.preparation.layouts.folder import list_folder
from brave_tf.preparation.layouts.walk import Reach, walk
from tests.preparation.layouts.files import touch

MODES = ("inside", "all", "none")


@pytest.fixture
def locked(monkeypatch):
    """Folders called locked cannot be read, whoever asks."""
    scandir = os.scandir

    def refuse(path):
        # What removes folders asks by a number.
        if isinstance(path, str | Path) and os.path.basename(os.path.realpath(path)).startswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(module.os, "scandir", refuse)


def bind(path: Path) -> None:
    """Makes a socket; its name may be longer than the system lets one say."""
    before = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(before)


def test_every_kind_is_counted_and_nothing_is_opened(tmp_path):
    source = touch(tmp_path / "source", "cat/a.mp4", "cat/notes.TXT", "readme", ".hidden.mp4", ".git/x.mp4")
    touch(tmp_path, "outside/b.mp4")
    os.mkfifo(source / "pipe.mp4")
    bind(source / "end.mp4")
    for name, target in {
        "device.mp4": "/dev/null",
        "linked_pipe.mp4": "pipe.mp4",
        "nothing.mp4": "none.mp4",
        "below_a_file.mp4": "readme/x.mp4",
        "itself.mp4": "itself.mp4",
        "cat/up": "..",
        "other_cat": "cat",
        "out.mp4": tmp_path / "outside" / "b.mp4",
        "out.txt": tmp_path / "outside" / "b.mp4",
        "out": tmp_path / "outside",
        "in.mp4": "cat/a.mp4",
    }.items():
        (source / name).symlink_to(target)
    found = walk(source)
    assert found.media == ["cat/a.mp4", "in.mp4"]
    assert found.ignored == {
        ".txt": 2,
        "no extension": 1,
        "hidden files": 1,
        "hidden folders": 1,
        "FIFOs": 2,
        "sockets": 1,
        "devices": 1,
        "links to nothing": 2,
        "links in loops": 2,
        "folders that are listed already": 1,
        "links out of the source": 1,
        "linked folders out of the source": 1,
    }
    assert list(found.ignored) == sorted(found.ignored)
    assert found.notes == [
        "FIFOs: linked_pipe.mp4, pipe.mp4",
        "devices: device.mp4",
        "folders that are listed already: other_cat",
        "linked folders out of the source: out; --follow-links all follows them",
        "links in loops: cat/up, itself.mp4",
        "links out of the source: out.mp4; --follow-links all follows them",
        "links to nothing: below_a_file.mp4, nothing.mp4",
        "sockets: end.mp4",
    ]


def test_which_links_are_followed(tmp_path):
    source = touch(tmp_path / "source", "a.mp4", ".store/b/c.mp4")
    touch(tmp_path, "outside/deep/d.mp4")
    (source / "file.mp4").symlink_to(".store/b/c.mp4")
    (source / "out.mp4").symlink_to(tmp_path / "outside" / "deep" / "d.mp4")
    (source / "store").symlink_to(".store/b")
    (source / "elsewhere").symlink_to(tmp_path / "outside")
    media = {mode: walk(source, Reach(mode)).media for mode in MODES}
    assert media["inside"] == ["a.mp4", "file.mp4", "store/c.mp4"]
    assert media["all"] == ["a.mp4", "elsewhere/deep/d.mp4", "file.mp4", "out.mp4", "store/c.mp4"]
    assert media["none"] == ["a.mp4"]
    assert walk(source, Reach("none")).ignored == {"hidden folders": 1, "links": 4}
    assert walk(source, Reach("none")).notes == ["links: elsewhere, file.mp4, out.mp4, store"]


def test_a_folder_is_listed_once_by_its_own_path_or_the_first_link(tmp_path):
    source, outside = touch(tmp_path / "source", "z/a.mp4"), touch(tmp_path / "outside", "b.mp4", "deep/c.mp4")
    (source / "a").symlink_to("z")
    (source / "m").symlink_to(outside / "deep")
    (source / "n").symlink_to(outside)
    (source / "o").symlink_to(outside)
    (outside / "back").symlink_to(source)
    (outside / "deep" / "round").symlink_to(outside)
    (outside / "above").symlink_to(tmp_path)
    found = walk(source, Reach("all"))
    assert found.media == ["m/c.mp4", "n/b.mp4", "z/a.mp4"]
    # The links a and o, the folder n/deep, and n/back; m/round and n/above lead to folders that they lie in.
    assert found.ignored == {"folders that are listed already": 4, "links in loops": 2}


@pytest.mark.parametrize("mode", MODES)
def test_links_that_lead_through_one_another_end(tmp_path, mode):
    source = touch(tmp_path / "source", *(f"{number}/x.mp4" for number in range(12)))
    for first in range(12):
        for second in range(12):
            (source / str(first) / f"to{second}").symlink_to(source / str(second))
    found = walk(source, Reach(mode))
    assert len(found.media) == 12 and sum(found.ignored.values()) == 144


def test_a_folder_without_permission_is_counted_and_named(tmp_path, locked):
    touch(tmp_path, "a.mp4", "x/locked/b.mp4")
    (tmp_path / "link").symlink_to("x/locked")
    found = walk(tmp_path)
    assert found.media == ["a.mp4"]
    assert found.ignored == {"folders without permission": 1, "folders that are listed already": 1}
    assert "folders without permission: x/locked" in found.notes
    (tmp_path / "locked_source").mkdir()
    with pytest.raises(UserError, match=r"locked_source cannot be read \(Permission denied\); make it readable"):
        walk(tmp_path / "locked_source")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_permissions_that_the_system_refuses(tmp_path):
    touch(tmp_path, "a.mp4", "closed/b.mp4")
    (tmp_path / "closed").chmod(0)
    try:
        found = walk(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert found.media == ["a.mp4"] and found.ignored == {"folders without permission": 1}


def test_other_failures_are_counted_too(tmp_path, monkeypatch):
    touch(tmp_path, "a.mp4", "gone/b.mp4")
    scandir = os.scandir

    def fail(path):
        if os.path.basename(os.path.realpath(path)) == "gone":
            raise OSError(5, "Input/output error", str(path))
        return scandir(path)

    monkeypatch.setattr(module.os, "scandir", fail)
    assert walk(tmp_path).ignored == {"entries that cannot be read": 1}


def test_names_are_shown_in_one_line_and_not_all_of_them(tmp_path):
    for name in ["a\nb", "c\x1b[31m", os.fsdecode(b"d\xe9"), "e", "f", "g", "\u00e9" * 70 + "h" * 100]:
        (tmp_path / name).symlink_to("nothing")
    (note,) = walk(tmp_path).notes
    assert note == r"links to nothing: a\nb, c\x1b[31m, d\xe9, e, f and 2 more"
    (tmp_path / "deep" / ("x" * 200)).mkdir(parents=True)
    (tmp_path / "deep" / ("x" * 200) / "y").symlink_to(tmp_path / "deep")
    looped = next(note for note in walk(tmp_path).notes if "loops" in note)
    assert looped.endswith("x/y") and "..." in looped and len(looped) < 150


def test_extensions_without_number_are_counted_together(tmp_path):
    touch(tmp_path, *(f"frame.{number:04}" for number in range(50)), "a.txt", "b.TXT", "c.srt", "c.", "..d", "e")
    ignored = walk(tmp_path).ignored
    assert ignored[".txt"] == 2 and len(ignored) == 22
    assert sum(ignored.values()) == 56 and ignored["other extensions"] > 30


@pytest.mark.parametrize("name", ["dataset", ".dataset", "deep/dataset"])
def test_a_folder_that_is_left_out_counts_for_nothing(tmp_path, monkeypatch, name):
    touch(tmp_path, "source/a.mp4", f"source/{name}/x.mp4", f"source/{name}/y.txt", f"source/{name}/.work/z")
    monkeypatch.chdir(tmp_path)
    found = walk(Path("source"), Reach(leave_out=Path("source") / "deep" / ".." / name))
    assert found.media == ["a.mp4"] and found.ignored == {} and found.notes == []
    assert walk(Path("source"), Reach(leave_out=tmp_path / "source")).media[0] == "a.mp4"


class Names:
    """A folder of very many files, as `os.scandir` would give it."""

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        return map(Entry, range(self.count))

    def __exit__(self, *error):
        return None


class Entry:
    def __init__(self, number):
        self.name = f"{number:06}.{'mp4' if number % 1000 == 0 else 'jpg'}"

    def is_symlink(self):
        return False

    def is_file(self, follow_symlinks):
        return True

    def stat(self, follow_symlinks=True):
        raise AssertionError("a file is not to be asked")


def test_memory_does_not_grow_with_files_that_are_no_media(tmp_path, monkeypatch):
    monkeypatch.setattr(module.os, "scandir", lambda path: Names(20_000))
    tracemalloc.start()
    try:
        found = walk(tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.media) == 20 and found.ignored == {".jpg": 19_980}
    assert peak < 100_000, f"{peak} bytes for 20,000 names"


KINDS = (
    *("media", "text", "hidden", "locked", "pipe", "device", "nothing", "itself", "file in", "file out", "folder out"),
    *("folder", "hidden folder", "folder in") * 3,
)
NUMBERS = strategies.integers(0, 2**16)
TREES = strategies.lists(strategies.tuples(strategies.sampled_from(KINDS), NUMBERS, NUMBERS), max_size=30)


def plant(source: Path, outside: Path, tree: list[tuple[str, int, int]]) -> None:
    """Grows a tree: each item is a kind, the folder that it goes into, and what it leads to, by number."""
    folders, files = [source, outside], [touch(source, "first.mp4") / "first.mp4"]
    for number, (kind, where, what) in enumerate(tree):
        folder, place = folders[where % len(folders)], f"{number}.mp4"
        if kind in ("folder", "hidden folder", "locked"):
            name = {"folder": "", "hidden folder": ".", "locked": "locked"}[kind]
            folders.append(folder / f"{name}{number}")
            folders[-1].mkdir()
        elif kind in ("media", "text", "hidden"):
            name = {"media": place, "text": f"{number}.txt", "hidden": f".{place}"}[kind]
            files.append(touch(folder, name) / name)
        elif kind == "pipe":
            os.mkfifo(folder / place)
        else:
            targets = {"device": "/dev/null", "nothing": "none", "itself": place, "file out": outside / "there.mp4"}
            targets |= {"file in": files[what % len(files)], "folder in": folders[what % len(folders)]}
            targets["folder out"] = outside
            (folder / place).symlink_to(targets[kind])


def by_definition(source: Path, mode: str) -> tuple[set[str], int]:
    """The media below a folder, and how many entries there are: every real folder is entered once."""
    seen: set[str] = set()
    waiting: list[str] = []
    media: set[str] = set()

    def may_follow(path: str) -> bool:
        return mode == "all" or Path(path).resolve().is_relative_to(source.resolve())

    def enter(path: str) -> int:
        real = os.path.realpath(path)
        if real in seen:
            return 1
        seen.add(real)
        if os.path.basename(real).startswith("locked"):
            return 1
        return sum(count(os.path.join(path, name)) for name in os.listdir(path))

    def count(path: str) -> int:
        if os.path.basename(path).startswith("."):
            return 1
        followed = not os.path.islink(path) or mode != "none"
        if os.path.isfile(path) and path.endswith(".mp4") and followed and may_follow(path):
            media.add(path)
        if not os.path.isdir(path) or not followed:
            return 1
        if not os.path.islink(path):
            return enter(path)
        waiting.append(path)
        return 0

    total = enter(str(source))
    while waiting:
        links = sorted(waiting)
        waiting.clear()
        for link in links:
            loops = Path(link).parent.resolve().is_relative_to(Path(link).resolve())
            total += enter(link) if may_follow(link) and not loops else 1
    return media, total


@hypothesis.given(TREES, strategies.sampled_from(MODES))
@hypothesis.settings(max_examples=200, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_every_entry_is_accounted_for(locked, tree, mode):
    with tempfile.TemporaryDirectory() as name:
        source, outside = touch(Path(name), "source/first.mp4", "outside/there.mp4") / "source", Path(name) / "outside"
        plant(source, outside, tree)
        listing = list_folder(source, Reach(mode))
        media, entries = by_definition(source, mode)
        assert {str(each.path) for each in listing.sources} == media and len(listing.sources) == len(media)
        assert len(listing.sources) + sum(listing.ignored.values()) == entries
        files = collections.Counter(str(each.path.resolve()) for each in listing.sources if not each.path.is_symlink())
        assert set(files.values()) == {1}, "a file is listed twice"
        assert [each.path for each in listing.sources] == sorted(each.path for each in listing.sources)
