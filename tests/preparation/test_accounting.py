"""What `prepare` says of a source: every entry was used, quarantined, or passed over and counted."""

import os
import shutil

import pytest

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data.open import open_dataset
from brave_tf.errors import UserError
from tests.preparation.media_files import write_media


@pytest.fixture
def source(tmp_path):
    """Twelve entries besides the folders: two that can be used, two damaged, and eight of other kinds."""
    folder = tmp_path / "source"
    whole = write_media(folder / "cat" / "a.wav", seconds=0.2, size=None)
    write_media(folder / "dog" / "b.wav", seconds=0.2, size=None)
    (folder / "cat" / "two\nlines\x1b[2J.wav").write_bytes(b"")
    (folder / "cat" / "text.mp4").write_text("no media")
    (folder / "notes.txt").write_text("no media")
    (folder / os.fsdecode(b"old.caf\xe9")).write_text("no media")
    (folder / ".hidden").write_text("no media")
    os.mkfifo(folder / "pipe.wav")
    (folder / "nothing.wav").symlink_to("none.wav")
    (folder / "round").symlink_to(".")
    (tmp_path / "outside").mkdir()
    whole.rename(tmp_path / "outside" / "a.wav")
    (folder / "out.wav").symlink_to(tmp_path / "outside" / "a.wav")
    (folder / "out").symlink_to(tmp_path / "outside")
    write_media(folder / "cat" / "a.wav", seconds=0.2, size=None)
    return folder


def used(dataset):
    return len(set(dataset.clips()["source"].to_pylist()))


def test_used_quarantined_and_ignored_are_all_there_is(source, tmp_path, capsys):
    out = tmp_path / "dataset"
    assert main(["prepare", str(source), "--out", str(out), "--workers", "1"]) == 0
    dataset = open_dataset(out)
    assert used(dataset) == 2 and len(dataset.info["quarantined"]) == 2
    assert dataset.info["ignored"] == {
        r".caf\xe9": 1,
        ".txt": 1,
        "FIFOs": 1,
        "hidden files": 1,
        "linked folders out of the source": 1,
        "links in loops": 1,
        "links out of the source": 1,
        "links to nothing": 1,
    }
    assert 2 + 2 + sum(dataset.info["ignored"].values()) == 12
    printed = capsys.readouterr().out
    assert "1 FIFOs, 1 hidden files, 1 linked folders out of the source, 1 links in loops" in printed
    assert "note: FIFOs: pipe.wav" in printed and "note: links to nothing: nothing.wav" in printed
    assert "--follow-links all follows them" in printed
    assert r"cat/two\nlines\x1b[2J.wav is empty" in printed and "\x1b[2J" not in printed


def test_links_that_are_followed_make_another_dataset(source, tmp_path):
    out = tmp_path / "dataset"
    first = prepare(source, out, workers=1)
    # A setting that changes nothing of the listing changes nothing of the dataset.
    (source / "out.wav").unlink()
    (source / "out").unlink()
    assert prepare(source, out, workers=1, follow_links="all").fingerprint == first.fingerprint
    (source / "out").symlink_to(tmp_path / "outside")
    more = prepare(source, tmp_path / "more", workers=1, follow_links="all")
    assert used(more) == 3 and more.fingerprint != first.fingerprint
    assert "out/a.wav" in more.clips()["source"].to_pylist() and "out" in more.labels["label"]
    with pytest.raises(UserError, match="other files or settings"):
        prepare(source, out, workers=1, follow_links="all")


def test_an_interrupted_dataset_below_its_source_is_no_part_of_it(source, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.chdir(source)
    whole = prepare(".", "first", workers=1)
    shutil.rmtree("first")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("brave_tf.preparation.dataset_writer._finish", interrupt)
        prepare(".", "second", workers=1)
    assert list((source / "second").glob("*.tfrecord"))
    assert prepare(".", "second", workers=1).info == whole.info


def test_a_name_that_the_system_refuses_costs_one_file(source, tmp_path):
    names = ["x" * 300 + ".wav", "no\0where.wav", "none.wav", "dog/b.wav", "pipe.wav"]
    (source / "list.csv").write_text("path\n" + "\n".join(names))
    dataset = prepare(source / "list.csv", tmp_path / "dataset", workers=1, split="train=1")
    reasons = {entry["source"]: entry["reason"] for entry in dataset.info["quarantined"]}
    assert used(dataset) == 1 and sorted(reasons) == sorted({*names} - {"dog/b.wav"})
    assert "File name too long" in reasons[names[0]]
