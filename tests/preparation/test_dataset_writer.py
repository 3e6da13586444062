"""Preparing datasets: labels, splits, quarantine, and every way of being interrupted."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data import records
from brave_tf.data.open import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UsageError, UserError
from tests.preparation.media_files import with_other_times, write_media


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for label in ("cat", "dog"):
        for number in range(5):
            write_media(folder / label / f"{number}.mp4", seconds=1.0, sound_hz=16_000 if number else None)
    return folder


@pytest.fixture(scope="module")
def dataset(videos, tmp_path_factory):
    return prepare(videos, tmp_path_factory.mktemp("out") / "dataset", workers=1)


def test_folder_names_are_labels_and_the_split_is_stated(dataset):
    assert dataset.labels == {"label": ["cat", "dog"]}
    assert "80%" in dataset.info["split_rule"] and "seed 0" in dataset.info["split_rule"]
    table = dataset.clips()
    assert table.num_rows == 10 and dataset.info["splits"]["train"]["clips"] == 8
    for split in ("train", "test"):
        labels = dataset.clips(split)["label/label"].to_pylist()
        assert labels.count("cat") == labels.count("dog")


def test_records_can_be_read_at_any_place(dataset):
    table = dataset.clips()
    reader = RecordTable.of(dataset, table).reader()
    for row in (9, 0, 4):
        serialized, clip_id = reader(tf.constant(row, tf.int64))
        record = records.parse(serialized)
        example = tf.train.SequenceExample.FromString(serialized.numpy())
        assert (
            int(clip_id) == table["clip_id"][row].as_py() == example.context.feature["clip/index"].int64_list.value[0]
        )
        assert record["frames"].shape[0] == table["frames"][row].as_py() == 25
        assert record["audio"].shape[0] == table["samples"][row].as_py()
        label = example.context.feature["clip/label/string"].bytes_list.value[0].decode()
        assert label == table["label/label"][row].as_py()
        assert example.context.feature["clip/label/index"].int64_list.value[0] == ["cat", "dog"].index(label)


def test_shards_are_plain_tfrecords(dataset):
    for split, info in dataset.info["splits"].items():
        shards = [str(dataset.path / name) for name in info["shards"]]
        found = [raw.numpy() for raw in tf.data.TFRecordDataset(shards)]
        assert len(found) == info["clips"], split
        assert all(tf.train.SequenceExample.FromString(raw).feature_lists.feature_list for raw in found)


def test_any_number_of_workers_gives_the_same_dataset(videos, dataset, tmp_path):
    other = prepare(videos, tmp_path / "other", workers=2)
    assert other.info == dataset.info
    assert other.clips().equals(dataset.clips())
    for info in dataset.info["splits"].values():
        for name in info["shards"]:
            assert (other.path / name).read_bytes() == (dataset.path / name).read_bytes()


def test_the_command_does_without_tensorflow_and_leaves_media_to_its_workers(videos, tmp_path):
    script = (
        "import sys; from brave_tf.cli.main import main; status = main(sys.argv[1:]); "
        "print('loads', {'tensorflow', 'keras', 'google.protobuf', 'av'} & set(sys.modules)); sys.exit(status)"
    )
    command = [sys.executable, "-c", script, "prepare", str(videos), "--out", str(tmp_path / "out"), "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loads set()"


def test_the_same_command_again_does_nothing_and_another_is_refused(videos, dataset):
    before = {path.name: path.stat().st_mtime_ns for path in dataset.path.iterdir()}
    assert prepare(videos, dataset.path).info == dataset.info
    assert {path.name: path.stat().st_mtime_ns for path in dataset.path.iterdir()} == before
    with pytest.raises(UserError, match="other files or settings"):
        prepare(videos, dataset.path, shorter_side=32)


def test_csv_columns_become_labels(videos, tmp_path):
    lines = [
        "clip,start,end,label,fold,split",
        "cat/1.mp4,0,0.6,a,1,train",
        "cat/1.mp4,0.6,1,b,2,train",
        "dog/2.mp4,,,,3,test",
    ]
    listing = videos / "list.csv"
    listing.write_text("\n".join(lines) + "\n")
    dataset = prepare(listing, tmp_path / "out", path_column="clip", workers=1)
    listing.unlink()
    table = dataset.clips()
    assert dataset.labels == {"label": ["a", "b"], "fold": ["1", "2", "3"]}
    assert dataset.clips("train")["frames"].to_pylist() == [15, 10]
    assert table["label/fold"].to_pylist() == ["3", "1", "2"] and table["label/label"].to_pylist() == [None, "a", "b"]
    assert dataset.info["split_rule"] == "as the source gives it"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file\na.mp4\n", "columns file; expected 'path'"),
        ('"path\na.mp4\n', r"columns path\\na\.mp4\\n; expected 'path'"),
        ("a" * 1000, r"columns a{300}\.\.\.; expected 'path'"),
        ("path,start\na.mp4,soon\n", "row 2 has start='soon'; expected seconds"),
        ("path,start,end\na.mp4,3,2\n", "start < end"),
        ("path\n", "no rows"),
        ("path,label\na.mp4\n", "another number of cells"),
        ("path,split\na.mp4,train\nb.mp4,\n", "no split and other files have one"),
        ("path,split\na.mp4,../x\n", "letters, digits"),
    ],
)
def test_unusable_csv_files_say_where(tmp_path, text, words):
    listing = tmp_path / "list.csv"
    listing.write_text(text)
    with pytest.raises(UserError, match=words):
        prepare(listing, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_files_are_quarantined_and_named(tmp_path):
    folder = tmp_path / "videos"
    whole = write_media(folder / "good" / "a.mp4", seconds=3.0, size=(64, 64), options={"movflags": "faststart"})
    for number in range(4):
        write_media(folder / "good" / f"{number}.mp4", seconds=1.0)
    (folder / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("no video")
    (folder / "notes.txt").write_text("not media")
    dataset = prepare(folder, tmp_path / "out", workers=1)
    reasons = {entry["source"]: entry["reason"] for entry in dataset.info["quarantined"]}
    assert reasons.keys() == {"cut.mp4", "empty.mp4", "text.mp4"}
    assert "cut off" in reasons["cut.mp4"] and reasons["empty.mp4"] == "is empty"
    assert dataset.info["ignored"] == {".txt": 1}
    assert set(dataset.clips()["source"].to_pylist()) == {f"good/{name}.mp4" for name in "a0123"}


@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_missing_in_a_file_that_is_used_is_said(tmp_path, capsys, workers):
    whole = write_media(tmp_path / "a.mp4", seconds=3.0, size=(16, 16), sound_hz=None, in_order=True)
    folder = tmp_path / "videos"
    write_media(folder / "b.mp4", seconds=1.0, size=(16, 16))
    with_other_times(whole, folder / "gap.mkv", picture=lambda seconds: seconds + 60.0 * (seconds > 1.5))
    main(["prepare", str(folder), "--out", str(tmp_path / "out"), "--workers", str(workers)])
    (remark,) = open_dataset(tmp_path / "out").info["remarks"]
    assert remark == {"source": "gap.mkv", "remark": "has no picture for 60.0 s from 1.5 s on"}
    assert "used, and not whole:\n  gap.mkv has no picture for 60.0 s" in capsys.readouterr().out


def test_a_folder_without_anything_usable_is_an_error(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    with pytest.raises(UserError, match="holds no media files"):
        prepare(folder, tmp_path / "out")
    (folder / "a.mp4").write_bytes(b"")
    with pytest.raises(UserError, match=r"none of the 1 sources can be used.*is empty"):
        prepare(folder, tmp_path / "out", workers=1)


def test_names_that_are_not_utf8_are_escaped(tmp_path):
    folder = tmp_path / "videos" / "cat"
    write_media(folder / "a.mp4", seconds=0.5)
    write_media(folder / "b.mp4", seconds=0.5).rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4"))
    dataset = prepare(tmp_path / "videos", tmp_path / "out", workers=1)
    names = {name for split in dataset.info["splits"] for name in dataset.clips(split)["source"].to_pylist()}
    assert names == {"cat/a.mp4", "cat/caf\\xe9.mp4"} and not dataset.info["quarantined"]


def test_a_column_without_a_name_is_passed_over(tmp_path):
    write_media(tmp_path / "a.mp4", seconds=0.5)
    (tmp_path / "list.csv").write_text(",path,label\n0,a.mp4,x\n")
    dataset = prepare(tmp_path / "list.csv", tmp_path / "out", workers=1)
    assert list(dataset.labels) == ["label"]


def test_split_folders_are_splits(tmp_path):
    for split in ("train", "val"):
        write_media(tmp_path / "videos" / split / "cat" / "a.mp4", seconds=0.5)
    dataset = prepare(tmp_path / "videos", tmp_path / "out", workers=1)
    assert {split: info["clips"] for split, info in dataset.info["splits"].items()} == {"train": 1, "validation": 1}
    assert dataset.labels == {"label": ["cat"]}


@pytest.mark.parametrize("shares", ["train=0.5", "train", "a=0.5,b=-0.5,c=1", "a/b=1"])
def test_unusable_shares_are_refused(videos, tmp_path, shares):
    with pytest.raises(UserError, match="names and shares that sum to 1"):
        prepare(videos, tmp_path / "out", split=shares)


@pytest.mark.parametrize("content", [None, "something"])
def test_occupied_places_are_refused(videos, tmp_path, content):
    out = tmp_path / "out"
    if content:
        out.mkdir()
        (out / "file").write_text(content)
    else:
        out.write_text("a file")
    with pytest.raises(UserError, match="not a dataset; choose another --out"):
        prepare(videos, out)


def test_unfinished_datasets_say_how_to_finish_them(tmp_path):
    (tmp_path / ".prepare").mkdir()
    with pytest.raises(UserError, match="not finished; run the same prepare command again"):
        open_dataset(tmp_path)
    with pytest.raises(UserError, match="not a dataset"):
        open_dataset(tmp_path / "none")


def test_killed_preparation_is_finished_by_the_same_command(tmp_path):
    folder, out = tmp_path / "videos", tmp_path / "out"
    for number in range(40):
        write_media(folder / f"{number:02}.mp4", seconds=2.0, size=(128, 128))
    command = [sys.executable, "-m", "brave_tf", "prepare", str(folder), "--out", str(out), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((out / ".prepare").glob("*.done")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
    assert finished and not (out / "dataset.json").exists()
    with pytest.raises(UserError, match=r"begun with other files or settings.*shorter_side: 256 -> 64"):
        prepare(folder, out, shorter_side=64)
    dataset = prepare(folder, out, workers=1)
    assert dataset.clips().num_rows == 40 and not (out / ".prepare").exists()
    now = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
    done_before = {name: stamp for name, stamp in finished.items() if now[name] == stamp}
    assert done_before, "finished shards were written again"


def test_two_at_once_are_refused(videos, tmp_path):
    import fcntl

    out = tmp_path / "out"
    (out / ".prepare").mkdir(parents=True)
    with open(out / ".prepare" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is writing"):
            prepare(videos, out, workers=1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_full_disks_are_one_line(videos, tmp_path, monkeypatch):
    import brave_tf.preparation.shard_writer as shard_writer

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shard_writer.shutil, "copyfileobj", full)
    with pytest.raises(UserError, match=r"No space left on device.*free some space"):
        prepare(videos, tmp_path / "out", workers=0)
    assert not list((tmp_path / "out").glob("*.tfrecord"))


def test_dataset_json_is_complete(dataset):
    info = json.loads((dataset.path / "dataset.json").read_text())
    assert info["format_version"] == 1 and info["frame_rate"] == 25.0 and info["audio_rate_hz"] == 16_000
    assert info["splits"]["train"]["with_audio"] + info["splits"]["test"]["with_audio"] == 8
    assert len(np.unique(dataset.clips()["clip_id"].to_numpy())) == 10


def test_flow_settings_without_flow_are_refused(videos, tmp_path):
    with pytest.raises(UsageError, match="--flow-size or --flow-stride without --flow"):
        prepare(videos, tmp_path / "out", flow_stride=2)
