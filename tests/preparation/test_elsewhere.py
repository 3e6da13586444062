"""Sources and datasets on storage elsewhere: the same bytes as here, whatever storage does meanwhile."""

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brave_tf.commands import prepare
from brave_tf.data.dataset import Dataset
from brave_tf.errors import UserError
from brave_tf.preparation.layouts.kinetics import list_kinetics
from brave_tf.preparation.layouts.walk import walk
from brave_tf.storage import RemotePath, as_source, fsspec_files, upload_tree
from tests.preparation.media_files import write_media
from tests.storage.elsewhere import every_other_time, failing, new_place


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    # Two shards; what else a folder may hold.
    for number in range(17):
        write_media(folder / f"{'cat' if number % 2 else 'dog'}" / f"{number:02}.mp4", seconds=0.2, size=(16, 16))
    (folder / "dog" / "notes.txt").write_text("no media")
    (folder / "dog" / "damaged.mp4").write_text("no video")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.mp4").write_text("is not looked at")
    (folder / ".b.mp4").write_text("nor this")
    return folder


@pytest.fixture(scope="module")
def here(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare(videos, tmp_path_factory.mktemp("out") / "dataset", workers=0, split="train=1")


@pytest.fixture(scope="module")
def elsewhere(videos: Path) -> Path:
    folder = new_place()
    upload_tree(videos, folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    yield
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_is_the_same_wherever_its_source_and_itself_are(
    workers: int, videos: Path, elsewhere: Path, here: Dataset, tmp_path: Path
) -> None:
    places = new_place()
    for source, out in ((elsewhere, places / "both"), (videos, places / "out"), (elsewhere, tmp_path / "in")):
        dataset = prepare(source, out, workers=workers, split="train=1")
        assert content(dataset.path) == content(here.path)
        assert dataset.clips().equals(here.clips())
    # It is finished, and another one is refused.
    assert prepare(videos, places / "out", split="train=1").info == here.info
    with pytest.raises(UserError, match="other files or settings"):
        prepare(videos, places / "out", split="train=1", shorter_side=32)


def test_storage_that_fails_now_and_then_changes_nothing(elsewhere: Path, here: Dataset) -> None:
    out = new_place() / "out"
    with failing(every_other_time()) as failed:
        prepare(elsewhere, out, workers=0, split="train=1")
    assert content(out) == content(here.path)
    assert {line.split()[0] for line in failed} >= {"read", "write", "entries", "state"}


def fails_on(request: str, ending: str) -> Callable[[str, str], bool]:
    return lambda name, path: name == request and path.endswith(ending)


def test_a_shard_that_cannot_be_written_is_one_line_and_the_command_goes_on(elsewhere: Path, here: Dataset) -> None:
    out = new_place() / "out"
    first, second = here.info["splits"]["train"]["shards"]
    with failing(fails_on("write", second)), pytest.raises(UserError) as raised:
        prepare(elsewhere, out, workers=0, split="train=1")
    assert str(raised.value) == (
        f"{out / second} cannot be written (the service is busy; given up after 5 tries); free some space and run it "
        "again"
    )
    assert (out / first).is_file() != (out / second).is_file()
    asked: list[str] = []

    def listen(name: str, path: str) -> bool:
        asked.append(f"{name} {path}")
        return False

    with failing(listen):
        prepare(elsewhere, out, workers=0, split="train=1")
    assert content(out) == content(here.path)
    # What was done is not done again.
    assert f"write {out / second}" in asked
    assert f"write {out / first}" not in asked


def test_a_preparation_is_not_begun_with_other_settings(elsewhere: Path) -> None:
    out = new_place() / "out"
    with failing(fails_on("write", ".tfrecord")), pytest.raises(UserError, match="given up"):
        prepare(elsewhere, out, workers=0)
    with pytest.raises(UserError, match="begun with other files or settings"):
        prepare(elsewhere, out, workers=0, shorter_side=32)
    (out.parent / "taken").mkdir()
    (out.parent / "taken" / "file").write_text("something")
    with pytest.raises(UserError, match="is not a dataset; choose another --out"):
        prepare(elsewhere, out.parent / "taken", workers=0)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_source_that_storage_does_not_give_is_no_reason_to_do_without(
    workers: int, elsewhere: Path, tmp_path: Path
) -> None:
    with failing(fails_on("read", "03.mp4")), pytest.raises(UserError) as raised:
        prepare(elsewhere, tmp_path / "out", workers=workers)
    place = elsewhere / "cat" / "03.mp4"
    assert str(raised.value) == (
        f"{place} cannot be fetched (the service is busy; given up after 5 tries); run the same command again to go on"
    )


def test_a_list_names_files_wherever_they_are(videos: Path, elsewhere: Path, tmp_path: Path) -> None:
    rows = ["path,label", "cat/01.mp4,near", f"{elsewhere / 'cat' / '03.mp4'},far", f"{videos}/cat/05.mp4,here"]
    rows.append("cat/absent.mp4,gone")
    (elsewhere / "list.csv").write_text("\n".join(rows) + "\n")
    dataset = prepare(elsewhere / "list.csv", tmp_path / "out", workers=1, split="train=1")
    (elsewhere / "list.csv").unlink()
    names = dict(zip(*(dataset.clips()[name].to_pylist() for name in ("label/label", "source")), strict=True))
    far = f"{elsewhere / 'cat' / '03.mp4'}"
    assert names == {"near": "cat/01.mp4", "far": far, "here": f"{videos}/cat/05.mp4"}
    assert dataset.info["quarantined"] == [
        {"source": "cat/absent.mp4", "reason": "cannot be read (No such file or directory)"}
    ]


def test_what_is_found_elsewhere_is_what_is_found_here(videos: Path, elsewhere: Path) -> None:
    assert walk(elsewhere) == walk(videos)
    assert walk(elsewhere, uncounted=[elsewhere / "dog"]) == walk(videos, uncounted=[videos / "dog"])
    with pytest.raises(UserError, match="does not exist; expected a folder"):
        prepare(elsewhere / "absent", "out")


def test_list_files_of_a_benchmark_lie_elsewhere_too() -> None:
    place = new_place()
    (place / "videos" / "a").mkdir(parents=True)
    (place / "videos" / "a" / "x_000001_000011.mp4").write_text("a video")
    (place / "annotations").mkdir()
    (place / "annotations" / "train.csv").write_text("label,youtube_id,time_start,time_end\na,x,1,11\n")
    listing = list_kinetics(place / "videos")
    assert [(source.path, source.labels["label"]) for source in listing.sources] == [
        (place / "videos" / "a" / "x_000001_000011.mp4", "a")
    ]


def test_sources_that_only_fsspec_knows(videos: Path, here: Dataset, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.put(str(videos), "/bucket/videos", recursive=True)
    dataset = prepare("memory://bucket/videos", tmp_path / "out", workers=1, split="train=1")
    assert content(dataset.path) == content(here.path)
    file = as_source("memory://bucket/videos/cat/01.mp4")
    assert isinstance(file, RemotePath)
    assert file.is_file() and not file.is_dir() and file.parent.is_dir() and not (file.parent / "x").exists()
    assert file.read_bytes() == (videos / "cat" / "01.mp4").read_bytes()
    with pytest.raises(FileNotFoundError):
        (file.parent / "x").read_bytes()
    with pytest.raises(UserError, match=r"kind of storage that is not known here; expected a path, or one of"):
        prepare(videos, "memory://bucket/out")


def test_what_reads_the_storage_may_not_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    with monkeypatch.context() as patch:
        patch.setattr(fsspec_files.importlib, "import_module", absent)
        with pytest.raises(UserError) as raised:
            as_source("s3://bucket/videos")
    assert str(raised.value) == (
        "received s3://bucket/videos; what reads s3:// does not load (No module named 'fsspec'): "
        'pip install "brave_tf[storage]"'
    )
    assert importlib.import_module is not absent
    with pytest.raises(UserError, match=r"received https://x/y; expected a path, or storage .*; copy it first"):
        as_source("https://x/y")
    with pytest.raises(UserError, match="received nfs9://x/y, a kind of storage that is not known here"):
        as_source("nfs9://x/y")
