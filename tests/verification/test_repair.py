"""A dataset without its damaged clips: the others as they were, byte for byte."""

import json
import os
import shutil

import pytest

import brave_tf
from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.data import TrainingClips, open_dataset
from brave_tf.errors import UserError
from brave_tf.verification import repair
from tests.verification.films import edit_table, flip, rows_of, write_film


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repair")
    for number in range(20):
        write_film(folder / "films" / "ab"[number % 2] / f"{number:02d}.mp4", number, seconds=0.4)
    return prepare(folder / "films", folder / "out", workers=1, split="train=0.9,test=0.1", shorter_side=48).path


@pytest.fixture
def dataset(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "dataset")


def payloads(dataset):
    return {
        row["clip_id"]: (dataset / row["shard"]).read_bytes()[row["offset"] - 12 : row["offset"] + row["length"] + 4]
        for row in rows_of(dataset)
    }


def test_the_others_stay_as_they_were(dataset, tmp_path, capsys):
    before, rows = payloads(dataset), rows_of(dataset)
    bad = [rows[1], rows[8]]
    for row in bad:
        flip(dataset, rows.index(row), 300)
    out = tmp_path / "deep" / "repaired"
    assert main(["verify", str(dataset), "--repair", str(out)]) == 1
    told = capsys.readouterr()
    assert f"{out}: 18 clips, as they were" in told.out and "train on the repaired dataset" in told.err
    for row in bad:
        del before[row["clip_id"]]
    assert payloads(out) == before
    assert brave_tf.verify(out).is_sound
    info, old = open_dataset(out).info, open_dataset(dataset).info
    assert {entry["clip_id"] for entry in info["removed"]} == {row["clip_id"] for row in bad}
    assert "checksum" in info["removed"][0]["reason"] and info["fingerprint"] != old["fingerprint"]
    assert sum(split["clips"] for split in info["splits"].values()) == 18
    assert info["notes"][-1] == "2 of 20 clips were damaged and are left out (removed)"
    assert TrainingClips.open(out, presets.get("tiny-va")).count == 18 - info["splits"]["test"]["clips"]
    assert not list(tmp_path.glob("**/.*.partial"))


def test_what_is_left_out_can_be_prepared_again(dataset, prepared, tmp_path):
    bad = [rows_of(dataset)[number] for number in (1, 8)]
    for number in (1, 8):
        flip(dataset, number, 300)
    brave_tf.verify(dataset, repair=tmp_path / "repaired")
    shutil.copytree(prepared.parent / "films", tmp_path / "films")
    shutil.copy(tmp_path / "repaired" / "removed.csv", tmp_path / "films")
    again = prepare(tmp_path / "films" / "removed.csv", tmp_path / "again", workers=1, shorter_side=48)
    keys = ("source", "split", "start_seconds", "end_seconds", "frames", "samples", "label/label")
    found, expected = ({tuple(row[key] for key in keys) for row in rows} for rows in (rows_of(again.path), bad))
    assert found == expected


def test_shards_of_which_all_stays_take_no_room(dataset, tmp_path):
    rows = rows_of(dataset)
    flip(dataset, 0, 300)
    brave_tf.verify(dataset, repair=tmp_path / "repaired")
    kept = {row["shard"] for row in rows} - {rows[0]["shard"]}
    assert kept and all(os.path.samefile(dataset / name, tmp_path / "repaired" / name) for name in kept)


def test_without_hard_links_shards_are_copied(dataset, tmp_path, monkeypatch):
    def link(source, copy):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(repair.os, "link", link)
    flip(dataset, 0, 300)
    assert brave_tf.verify(dataset, repair=tmp_path / "repaired").repaired == 19
    assert brave_tf.verify(tmp_path / "repaired").is_sound


def test_a_shard_of_which_nothing_is_left_goes(dataset, tmp_path):
    rows = rows_of(dataset)
    gone = rows[-1]["shard"]
    (dataset / gone).write_bytes(b"")
    report = brave_tf.verify(dataset, repair=tmp_path / "repaired")
    assert report.repaired == sum(row["shard"] != gone for row in rows)
    assert not (tmp_path / "repaired" / gone).exists()
    info = json.loads((tmp_path / "repaired" / "dataset.json").read_text())
    assert gone not in [name for split in info["splits"].values() for name in split["shards"]]
    assert brave_tf.verify(tmp_path / "repaired").is_sound


def test_what_no_row_covers_goes_too(dataset, tmp_path):
    edit_table(dataset, lambda rows: rows.pop(3))
    report = brave_tf.verify(dataset, repair=tmp_path / "repaired")
    assert report.repaired == 19 and not report.damaged
    assert brave_tf.verify(tmp_path / "repaired").is_sound
    assert open_dataset(tmp_path / "repaired").info["notes"] == []


def test_places_that_cannot_take_it_are_refused_before_the_work(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("brave_tf.verification.verifier.Verifier.run", lambda *arguments: pytest.fail("it worked"))
    with pytest.raises(UserError, match="dataset exists already; choose another --repair, or remove it"):
        brave_tf.verify(dataset, repair=dataset)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/out cannot be written \(Not a directory\); choose another"):
        brave_tf.verify(dataset, repair=tmp_path / "file" / "out")


def test_an_interrupted_repair_leaves_nothing(dataset, tmp_path, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    flip(dataset, 0, 300)
    monkeypatch.setattr(repair, "write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        brave_tf.verify(dataset, repair=tmp_path / "deep" / "repaired")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset"]


def test_the_same_command_again_tells_the_same(dataset, tmp_path, capsys):
    flip(dataset, 1, 300)
    command = ["verify", str(dataset), "--repair", str(tmp_path / "repaired")]
    assert main(command) == 1
    told, before = capsys.readouterr(), payloads(tmp_path / "repaired")
    assert main(command) == 1
    again = capsys.readouterr()
    assert again.out == told.out and "19 clips, as they were" in told.out
    assert again.err.splitlines()[-1] == told.err.splitlines()[-1]
    assert payloads(tmp_path / "repaired") == before
    # With one more clip damaged it is another repair; a clip of the same shard, as the others are shared.
    shards = [row["shard"] for row in rows_of(dataset)]
    flip(dataset, next(number for number in range(20) if number != 1 and shards[number] == shards[1]), 300)
    assert main(command) == 1
    assert "repaired exists already; choose another --repair" in capsys.readouterr().err
    assert payloads(tmp_path / "repaired") == before


def test_a_dataset_without_one_good_clip_is_one_line(dataset, tmp_path):
    for shard in dataset.glob("*.tfrecord"):
        shard.write_bytes(b"")
    with pytest.raises(UserError, match="holds no undamaged clip; prepare it again"):
        brave_tf.verify(dataset, repair=tmp_path / "repaired")
    assert not (tmp_path / "repaired").exists()
