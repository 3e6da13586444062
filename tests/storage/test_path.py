"""Paths elsewhere do what paths here do, on the file system that TensorFlow keeps in memory."""

import pickle
from pathlib import Path

import pytest

from brave_tf.errors import UserError
from brave_tf.storage import (
    RemotePath,
    as_path,
    copy_file,
    gfile,
    is_remote,
    local_copy,
    patience,
    remove_tree,
    upload_tree,
)

NAMES = iter(range(1000))


@pytest.fixture(params=["here", "elsewhere"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "here":
        return tmp_path
    path = as_path(f"ram://storage/{next(NAMES)}")
    path.mkdir(parents=True)
    return path


def test_files_are_written_read_moved_and_removed(folder: Path) -> None:
    file = folder / "a.txt"
    assert not file.exists()
    assert not file.is_file()
    file.write_text("one\ntwo\n")
    with file.open("a") as stream:
        stream.write("three\n")
    assert file.read_text() == "one\ntwo\nthree\n"
    assert file.read_bytes() == b"one\ntwo\nthree\n"
    assert file.stat().st_size == 14
    assert file.is_file()
    assert not file.is_dir()
    with file.open("rb") as stream:
        stream.seek(4)
        assert stream.readline() == b"two\n"
        assert stream.seek(-6, 2) == 8
        assert stream.read(3) == b"thr"
        assert stream.tell() == 11
    with file.open(encoding="utf-8") as stream:
        assert list(stream) == ["one\n", "two\n", "three\n"]
    (folder / "b.txt").write_text("old")
    file.replace(folder / "b.txt")
    assert [entry.name for entry in folder.iterdir()] == ["b.txt"]
    (folder / "b.txt").unlink()
    (folder / "b.txt").unlink(missing_ok=True)
    assert list(folder.iterdir()) == []


def test_a_file_that_is_written_anew_holds_nothing_of_the_old_one(folder: Path) -> None:
    file = folder / "a.txt"
    file.write_text("something long")
    file.write_text("short")
    assert file.read_text() == "short"
    file.write_text("")
    assert file.read_bytes() == b""
    (folder / "empty").write_text("")
    assert (folder / "empty").is_file()


def test_folders_are_made_listed_and_removed(folder: Path) -> None:
    inner = folder / "x" / "y"
    inner.mkdir(parents=True)
    inner.mkdir(parents=True, exist_ok=True)
    (inner / "1.txt").write_text("1")
    (inner / "2.bin").write_text("2")
    assert inner.is_dir()
    assert (folder / "x").is_dir()
    assert [entry.name for entry in inner.glob("*.txt")] == ["1.txt"]
    assert list((folder / "absent").glob("*")) == []
    remove_tree(folder / "x")
    assert not inner.exists()
    remove_tree(folder / "x", missing_ok=True)


def test_what_is_absent_raises_what_the_system_raises(folder: Path) -> None:
    absent = folder / "absent"
    with pytest.raises(FileNotFoundError) as raised:
        absent.read_text()
    assert raised.value.strerror
    with pytest.raises(FileNotFoundError):
        absent.unlink()
    with pytest.raises(FileNotFoundError):
        absent.stat()
    with pytest.raises(FileNotFoundError):
        remove_tree(absent)
    folder.joinpath("there").mkdir()
    with pytest.raises(FileExistsError):
        folder.joinpath("there").mkdir()
    with pytest.raises(IsADirectoryError):
        folder.joinpath("there").read_bytes()


@pytest.mark.parametrize(("mode", "half"), [("wb", b"half"), ("w", "half")])
def test_a_file_whose_writing_fails_is_not_there(mode: str, half: bytes | str) -> None:
    file = as_path("ram://storage/half")
    with pytest.raises(ZeroDivisionError), file.open(mode) as stream:
        stream.write(half)
        raise ZeroDivisionError
    assert not file.exists()


def test_a_path_keeps_its_name() -> None:
    path = as_path("gs://bucket/folder/file.tar.gz")
    assert isinstance(path, RemotePath)
    assert str(path) == f"{path}" == "gs://bucket/folder/file.tar.gz"
    assert str(path.parent) == "gs://bucket/folder"
    assert str(path.parent.parent / "x" / "y") == "gs://bucket/x/y"
    assert str(path.with_name("z")) == "gs://bucket/folder/z"
    assert (path.name, path.stem, path.suffix) == ("file.tar.gz", "file.tar", ".gz")
    assert path.relative_to("gs://bucket") == Path("folder/file.tar.gz")
    assert path == as_path("gs://bucket/folder/file.tar.gz")
    assert hash(path) == hash(as_path(str(path)))
    assert path.parent in path.parents
    assert pickle.loads(pickle.dumps(path)) == path
    assert is_remote("gs://bucket")
    assert not is_remote("tfds:ucf101")
    assert not is_remote("folder/12:30:00.mp4")
    assert type(as_path("folder")) is type(Path("folder"))


def test_an_unknown_kind_of_storage_is_said() -> None:
    with pytest.raises(UserError, match=r"nfs://x/y is on a kind of storage that is not known.*ram://"):
        as_path("nfs://x/y")


def test_trees_are_copied_both_ways(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text("c")
    target = as_path("ram://storage/tree")
    upload_tree(tmp_path / "a", target)
    assert (target / "b" / "c.txt").read_text() == "c"
    with local_copy(target) as copy:
        assert (copy / "b" / "c.txt").read_text() == "c"
    assert not copy.exists()
    copy_file(target / "b" / "c.txt", tmp_path / "d.txt")
    assert (tmp_path / "d.txt").read_text() == "c"


def test_a_request_that_fails_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    file = as_path("ram://storage/flaky")
    file.write_bytes(b"0123456789" * 1000)
    pauses: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", pauses.append)
    read, failures = gfile.read, iter([True, True, False])

    def flaky(path: str, start: int, count: int) -> bytes:
        if next(failures, False):
            raise patience.PassingError(5, "the service is busy", path)
        return read(path, start, count)

    monkeypatch.setattr(gfile, "read", flaky)
    assert file.read_bytes() == b"0123456789" * 1000
    assert pauses == [1, 2]


def test_a_request_that_fails_for_good_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(path: str, *_: object) -> bytes:
        raise patience.PassingError(5, "the service is busy", path)

    file = as_path("ram://storage/busy")
    file.write_bytes(b"x")
    monkeypatch.setattr(patience.time, "sleep", lambda _: None)
    monkeypatch.setattr(gfile, "read", busy)
    with pytest.raises(OSError, match="given up after 5 tries") as raised:
        file.read_bytes()
    assert raised.value.strerror == "the service is busy; given up after 5 tries"
    assert raised.value.filename == "ram://storage/busy"


def test_a_request_that_stalls_is_left_alone_and_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    file = as_path("ram://storage/stalled")
    file.write_bytes(b"x")
    read, stalled, release = gfile.read, iter([True]), threading.Event()

    def stalling(path: str, start: int, count: int) -> bytes:
        if next(stalled, False):
            release.wait(60)
        return read(path, start, count)

    monkeypatch.setattr(patience, "STALL_SECONDS", 0.05)
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(gfile, "read", stalling)
    assert file.read_bytes() == b"x"
    release.set()


def test_what_cannot_go_well_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refused(path: str) -> bool:
        asked.append(path)
        raise patience.system_error(13, "", path)

    monkeypatch.setattr(gfile, "exists", refused)
    with pytest.raises(PermissionError):
        as_path("ram://storage/closed").exists()
    assert len(asked) == 1
