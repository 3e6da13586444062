"""Every kind of damage is found and named, and nothing else is."""

import json
import re
import shlex
import shutil
import threading

import numpy as np
import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.errors import UserError
from brave_tf.verification import verifier
from tests.data.dmvr_files import pictures, record, write_shard
from tests.said import without_progress
from tests.verification.films import edit_info, edit_record, edit_table, flip, rows_of, write_film


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    for number in range(6):
        write_film(folder / "films" / "ab"[number % 2] / f"{number}.mp4", number)
    out = prepare(
        folder / "films", folder / "out", workers=1, split="train=0.67,test=0.33", shorter_side=48, broad_size=32
    )
    return out.path


@pytest.fixture
def dataset(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "dataset")


def test_nothing_is_wrong_with_what_was_prepared(dataset, capfd):
    report = brave_tf.verify(dataset)
    assert report.is_sound and report.clips == 6 and report.shards == 2 and not report.duplicates
    assert report.bytes_read == sum(shard.stat().st_size for shard in dataset.glob("*.tfrecord"))
    assert main(["verify", str(dataset)]) == 0
    out, err = capfd.readouterr()
    told, following = out.splitlines()
    assert told == f"{dataset}: 6 clips in 2 shards, {report.bytes_read / 1e9:.3f} GB; nothing is wrong"
    words = ["brave-tf", "inspect", str(dataset), "--preset", "tiny-va", "--out", "views.html"]
    assert following == f"next: {shlex.join(words)}"
    assert "verify: 100%" in err and "(6 of 6 clips, 0 damaged)" in err


def cut_picture(key, number, size=200):
    def change(example):
        values = example.feature_lists.feature_list[key].feature[number].bytes_list.value
        values[0] = values[0][:size]

    return change


def small_picture(example):
    (picture,) = pictures(1, size=(16, 32))
    example.feature_lists.feature_list["image/encoded"].feature[3].bytes_list.value[0] = picture


def not_a_number(example):
    samples = example.feature_lists.feature_list["WAVEFORM/feature/floats"].feature[0].float_list.value
    samples[100], samples[200] = np.nan, np.inf


def less(key):
    def change(example):
        del example.feature_lists.feature_list[key].feature[-1]

    return change


def context(key, kind, value):
    def change(example):
        getattr(example.context.feature[key], kind).value[:] = [value]

    return change


RECORDS = {
    "a cut picture": (cut_picture("image/encoded", 7), r"its frame 7 cannot be used \(.*\)$"),
    "a cut small picture": (cut_picture("SMALL/image/encoded", 2), r"its small frame 2 cannot be used"),
    "another size": (small_picture, "its frame 3 cannot be used .it has 32x16 pixels, the first one 64x48"),
    "sound that is none": (not_a_number, "2 of its 19,200 samples are not finite, the first is number 100"),
    "a frame less": (
        less("image/encoded"),
        "the table says 30 frames, the record has 29; it has 30 small frames for 29",
    ),
    "a small frame less": (less("SMALL/image/encoded"), "it has 29 small frames for 30 frames"),
    "another number": (context("clip/index", "int64_list", 5), "its clip/index is 5; expected .* by clip_id"),
    "another source": (context("clip/media_id", "bytes_list", b"x.mp4"), "its clip/media_id is x.mp4; expected a/"),
    "another time": (context("clip/end/timestamp", "int64_list", 9), "its clip/end/timestamp is 9; expected 1200000"),
    "another class": (
        context("clip/label/index", "int64_list", 1),
        "its clip/label/index is 1; expected 0 by the classes",
    ),
    "another label": (
        context("clip/label/string", "bytes_list", b"b"),
        "its clip/label/string is b; expected a by label",
    ),
    "another rate": (
        context("WAVEFORM/feature/sample_rate", "float_list", 8000.0),
        "sample_rate is 8000.0; expected 16000.0 by audio_rate_hz",
    ),
    "another kind": (
        lambda example: example.context.feature["clip/index"].float_list.value.append(1.0),
        "it is no record that can be read",
    ),
}


def first_of(dataset, label):
    return next(number for number, row in enumerate(rows_of(dataset)) if row["label/label"] == label)


@pytest.mark.parametrize(("change", "words"), RECORDS.values(), ids=RECORDS)
def test_a_record_with_good_checksums_and_bad_content_is_named(dataset, change, words, capfd):
    number = first_of(dataset, "a")
    edit_record(dataset, number, change)
    row = rows_of(dataset)[number]
    report = brave_tf.verify(dataset)
    (damaged,) = report.damaged
    assert (damaged.clip.shard, damaged.clip.offset) == (row["shard"], row["offset"])
    assert (damaged.clip.source, damaged.clip.clip_id) == (row["source"], row["clip_id"])
    assert re.search(words, "; ".join(damaged.reasons)), damaged
    assert not (report.unlisted or report.problems or report.leaks)
    # What libjpeg and TensorFlow say of pictures would come between.
    assert not without_progress(capfd.readouterr().err)


def test_many_bad_pictures_of_a_clip_are_one_reason(dataset):
    for number in (2, 5, 6):
        edit_record(dataset, 0, cut_picture("image/encoded", number))
    (damaged,) = brave_tf.verify(dataset).damaged
    assert len(damaged.reasons) == 1 and damaged.reasons[0].startswith("its frame 2 cannot be used")
    assert damaged.reasons[0].endswith(", nor can 2 more")


def test_a_payload_that_changed_is_found_by_its_checksum(dataset):
    flip(dataset, 1, 1000)
    (damaged,) = brave_tf.verify(dataset).damaged
    assert damaged.clip.clip_id == rows_of(dataset)[1]["clip_id"]
    assert damaged.reasons[0] == "the checksum of its content fails"


def test_a_broken_frame_hides_no_other_record(dataset):
    flip(dataset, 1, -12)
    report = brave_tf.verify(dataset)
    (damaged,) = report.damaged
    assert damaged.reasons == ("the checksum of its length fails",) and not report.unlisted
    assert damaged.clip.offset == rows_of(dataset)[1]["offset"]


def test_shards_that_are_cut_off_or_missing(dataset):
    rows = rows_of(dataset)
    first, last = dataset / rows[0]["shard"], dataset / rows[-1]["shard"]
    assert first != last
    first.unlink()
    last.write_bytes(last.read_bytes()[:-300])
    report = brave_tf.verify(dataset)
    reasons = [damaged.reasons for damaged in report.damaged]
    inside = sum(row["shard"] == rows[0]["shard"] for row in rows)
    assert reasons == [("its shard is missing",)] * inside + [("its shard is cut off within it",)]


TABLES = {
    "frames": (lambda rows: rows[0].update(frames=31), "the table says 31 frames, the record has 30"),
    "length": (lambda rows: rows[0].update(length=rows[0]["length"] - 7), "bytes, the record has"),
    "offset": (lambda rows: rows[0].update(offset=rows[0]["offset"] + 5), "no record begins where the table says"),
    "beyond": (lambda rows: rows[-1].update(offset=2**40), "its shard ends before it"),
    "label": (lambda rows: rows[0].update({"label/label": "b"}), "its clip/label/string is a; expected b"),
    "flow": (lambda rows: rows[0].update(flow_frames=3), "the table says 3 flow_frames, the record has 0"),
}


@pytest.mark.parametrize(("change", "words"), TABLES.values(), ids=TABLES)
def test_a_table_that_says_otherwise_is_found(dataset, change, words):
    def swapped(rows):
        # The first row is of class a.
        rows.sort(key=lambda row: (row["shard"], row["label/label"]))
        change(rows)

    edit_table(dataset, swapped)
    report = brave_tf.verify(dataset)
    (damaged,) = report.damaged
    assert any(words in reason for reason in damaged.reasons), damaged
    assert bool(report.unlisted) == (words in (TABLES["offset"][1], TABLES["beyond"][1]))


def test_one_place_for_two_clips(dataset):
    edit_table(dataset, lambda rows: rows[1].update(offset=rows[0]["offset"], length=rows[0]["length"]))
    report = brave_tf.verify(dataset)
    assert "the table names the same record for another clip" in str(report.damaged)
    assert [found.what for found in report.unlisted] == ["a record that no row of the clip table names"]


def test_what_no_row_covers_is_told(dataset):
    rows = rows_of(dataset)
    edit_table(dataset, lambda rows: rows.pop(0))
    report = brave_tf.verify(dataset)
    (unlisted,) = report.unlisted
    assert (unlisted.shard, unlisted.offset, unlisted.size) == (rows[0]["shard"], 0, rows[0]["length"] + 16)
    split = rows[0]["split"]
    assert any(f"clips in split {split}; the clip table has" in problem for problem in report.problems)
    assert not report.damaged and not report.is_sound


def test_shards_that_are_listed_nowhere(dataset):
    shutil.copyfile(dataset / rows_of(dataset)[0]["shard"], dataset / "extra.tfrecord")
    edit_info(dataset, lambda info: info["splits"]["test"]["shards"].append("gone.tfrecord"))
    report = brave_tf.verify(dataset)
    assert [found.shard for found in report.unlisted] == ["extra.tfrecord"]
    assert report.problems == ("dataset.json lists gone.tfrecord for split test, which is missing",)


def test_classes_in_another_order_are_found(dataset):
    edit_info(dataset, lambda info: info["labels"].update(label=["b", "a"]))
    report = brave_tf.verify(dataset)
    assert len(report.damaged) == 6
    assert all("by the classes in dataset.json" in str(damaged) for damaged in report.damaged)


def test_flow_pictures_are_decoded_too(tmp_path):
    pytest.importorskip("cv2")
    write_film(tmp_path / "films" / "0.mp4", 0, seconds=0.4)
    path = prepare(tmp_path / "films", tmp_path / "out", workers=1, flow=True, flow_size=16, split="train=1").path
    assert brave_tf.verify(path).is_sound
    edit_record(path, 0, cut_picture("FORWARD_FLOW/image/encoded", 1, size=60))
    (damaged,) = brave_tf.verify(path).damaged
    assert damaged.reasons[0].startswith("its optical flow picture 1 cannot be used")
    edit_info(path, lambda info: info["flow"].update(stride=5))
    assert "is at every 4th frame, by dataset.json at every 5th" in str(brave_tf.verify(path).damaged)


def test_the_command_names_everything_and_fails(dataset, capsys):
    flip(dataset, 1, 1000)
    row = rows_of(dataset)[1]
    assert main(["verify", str(dataset)]) == 1
    out, err = capsys.readouterr()
    named = (
        f"  {row['source']} from 0 s (clip {row['clip_id']}, {row['split']}, {row['shard']} at byte {row['offset']}): "
    )
    assert named + "the checksum of its content fails" in out
    last = err.splitlines()[-1]
    assert last.startswith(f"brave-tf: error: {dataset}: damaged clips: 1; write the others with `brave-tf verify")


def test_the_report_as_json(dataset, capsys):
    flip(dataset, 1, 1000)
    assert main(["verify", str(dataset), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["is_sound"] is False and told["clips"] == 6
    assert told["damaged"][0]["clip"]["shard"] == rows_of(dataset)[1]["shard"]
    assert told["damaged"][0]["reasons"][0] == "the checksum of its content fails"


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_changes_nothing(dataset, workers):
    flip(dataset, 1, 1000)
    edit_record(dataset, 4, not_a_number)
    assert brave_tf.verify(dataset, workers=workers) == brave_tf.verify(dataset, workers=2)


def test_an_interrupt_ends_the_work_at_once(dataset, monkeypatch, capsys):
    def take(self, advance):
        raise KeyboardInterrupt

    monkeypatch.setattr(verifier.Verifier, "_take", take)
    before = threading.active_count()
    assert main(["verify", str(dataset), "--workers", "1"]) == 130
    assert threading.active_count() == before
    assert capsys.readouterr().err.splitlines()[-1] == "brave-tf: interrupted"


def test_many_records_are_not_held_at_once(dataset, monkeypatch):
    held = []
    monkeypatch.setattr(verifier, "BYTES_AHEAD", 1)
    make_room = verifier.Verifier._make_room

    def watched(self, size, advance):
        make_room(self, size, advance)
        held.append(len(self._pending))

    monkeypatch.setattr(verifier.Verifier, "_make_room", watched)
    assert brave_tf.verify(dataset).is_sound and held == [0] * 6


def test_mistakes_are_one_line(dataset, tmp_path, capsys):
    with pytest.raises(UserError, match="received --workers 0; expected at least 1"):
        brave_tf.verify(dataset, workers=0)
    assert main(["verify", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_datasets_of_others_are_read_too(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shard = write_shard(tmp_path / "shards" / "train.tfrecord", [record(), record(encoded=[b"\xff\xd8\xff broken"])])
    content = shard.read_bytes()
    write_shard(tmp_path / "shards" / "test.tfrecord", [record(7), b"no record"])
    report = brave_tf.verify(tmp_path / "shards")
    (damaged,) = report.damaged
    assert damaged.clip.source == "train.tfrecord: record 1" and damaged.clip.shard == "train.tfrecord"
    assert damaged.reasons[0].startswith("its frame 0 cannot be used")
    assert len(report.left_out) == 1 and "test.tfrecord: record 1" in report.left_out[0] and not report.unlisted
    shard.write_bytes(content[:2000] + bytes([content[2000] ^ 255]) + content[2001:])
    assert "the checksum of its content fails" in str(brave_tf.verify(tmp_path / "shards").damaged)
    with pytest.raises(UserError, match=r"received --repair for .*, which others wrote"):
        brave_tf.verify(tmp_path / "shards", repair=tmp_path / "repaired")
