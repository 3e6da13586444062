"""Datasets elsewhere: they open, give the same batches, and are shown and verified as those here."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import inspect, prepare, verify
from brave_tf.config.values import override
from brave_tf.data import TrainingClips, open_dataset, pretraining_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError
from brave_tf.storage import upload_tree
from tests.data.dmvr_files import record, write_shard
from tests.storage.elsewhere import every_other_time, failing, new_place
from tests.verification.films import flip, write_film

CONFIG = override(presets.get("tiny-v"), ["batch_size=3", "narrow.size=16", "narrow.frames=2", "seed=3"])


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for number in range(18):
        write_film(folder / "films" / f"{number:02d}.mp4", number, seconds=0.4)
    return prepare(folder / "films", folder / "out", workers=0, split="train=1", shorter_side=48).path


def sent(dataset):
    place = new_place() / "dataset"
    upload_tree(dataset, place)
    return place


@pytest.fixture(scope="module")
def elsewhere(here):
    return sent(here)


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_batches_are_the_same_wherever_the_data_lies(here, elsewhere):
    (one,) = pretraining_dataset([here, here], CONFIG).take(1)
    with failing(every_other_time()):
        clips = TrainingClips.open([str(elsewhere), here], CONFIG)
    (other,) = pretraining_dataset(clips, CONFIG).take(1)
    tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_what_is_missing_or_cut_off_is_said(here):
    place = sent(here)
    shard = open_dataset(place).info["splits"]["train"]["shards"][0]
    dataset = open_dataset(place)
    (place / shard).write_bytes((place / shard).read_bytes()[:-1])
    with pytest.raises(UserError, match=rf"ram://.*/{shard} is cut off, of 2 shards"):
        RecordTable.of(dataset, dataset.clips())
    (place / shard).unlink()
    with pytest.raises(UserError, match=rf"ram://.*/{shard} is missing, of 2 shards"):
        RecordTable.of(dataset, dataset.clips())
    with failing(lambda name, path: name == "read"):
        with pytest.raises(UserError, match=r"dataset\.json cannot be read \(the service is busy; given up after 5"):
            open_dataset(place)
        with pytest.raises(UserError, match=r"clips\.parquet cannot be read \(the service is busy; given up after 5"):
            dataset.clips()
    (place / "clips.parquet").unlink()
    with pytest.raises(UserError, match=r"clips\.parquet is missing or damaged \(No such file or directory\)"):
        dataset.clips()
    with pytest.raises(UserError, match="ram://elsewhere/none is not a dataset"):
        open_dataset("ram://elsewhere/none")


def test_shards_of_others_are_read_where_they_lie(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("train-00000-of-00001", "test/x-00000-of-00001"):
        write_shard(tmp_path / "d" / name, [record(4), record(5)])
    (tmp_path / "d" / "other").mkdir()
    place = sent(tmp_path / "d")
    here, there = open_dataset(tmp_path / "d"), open_dataset(place)
    assert there.fingerprint == here.fingerprint
    assert there.clips().drop("shard").equals(here.clips().drop("shard"))
    assert set(there.clips()["shard"].to_pylist()) == {
        f"{place}/train-00000-of-00001",
        f"{place}/test/x-00000-of-00001",
    }
    table = RecordTable.of(there, there.clips())
    for row in range(4):
        serialized, _ = table.reader()(tf.constant(row, tf.int64))
        assert there.parser(serialized)["frames"].shape[0] == there.clips()["frames"][row].as_py()
    # The second time it is in the cache.
    with failing(lambda name, path: name == "read"):
        assert open_dataset(place).clips().equals(there.clips())
    assert verify(place, workers=1).damaged == ()


def test_a_page_shows_what_is_elsewhere_and_lies_there(here, elsewhere, tmp_path):
    page = new_place() / "folder" / "page.html"
    with failing(every_other_time()):
        content = inspect(str(elsewhere), CONFIG, str(page), clips=1, redraws=0)
    inspect(here, CONFIG, tmp_path / "page.html", clips=1, redraws=0)
    assert page.read_text().replace(str(elsewhere), "PLACE").replace(str(page), "PAGE") == (
        tmp_path / "page.html"
    ).read_text().replace(str(here), "PLACE").replace(str(tmp_path / "page.html"), "PAGE")
    assert content.usable == 18


@pytest.fixture(scope="module")
def damaged(here, tmp_path_factory):
    folder = shutil.copytree(here, tmp_path_factory.mktemp("damaged") / "dataset")
    flip(folder, 1, 300)
    (folder / "missing.txt").write_text("a file\n")
    return folder


def test_verification_finds_the_same(damaged):
    place = sent(damaged)
    with failing(every_other_time()):
        there = verify(place, workers=1)
    assert there.damaged == verify(damaged, workers=1).damaged != ()
    assert there.dataset == str(place)
    shard = there.damaged[0].clip.shard
    with failing(lambda name, path: name == "read" and path.endswith(shard)), pytest.raises(UserError) as raised:
        verify(place, workers=1)
    assert (
        str(raised.value)
        == f"{place}/{shard} cannot be read (the service is busy; given up after 5 tries); try again later"
    )
    (place / shard).unlink()
    assert "its shard is missing" in verify(place, workers=1).damaged[0].reasons


def test_a_repaired_dataset_is_the_same_wherever_it_goes(damaged, tmp_path):
    verify(damaged, repair=tmp_path / "out", workers=1)
    expected = content(tmp_path / "out")
    place = sent(damaged)
    for dataset, out in ((place, new_place() / "out"), (damaged, new_place() / "out"), (place, tmp_path / "here")):
        assert verify(dataset, repair=out, workers=1).repaired == 17
        assert content(out) == expected
    assert verify(place, repair=out, workers=1).repaired == 17  # once more
    assert content(out) == expected
    with pytest.raises(UserError, match="exists already; choose another --repair, or remove it"):
        verify(place, repair=place, workers=1)
    # What fails half-way leaves nothing.
    out = new_place() / "out"
    with failing(lambda name, path: name == "write" and "dataset.json" in path), pytest.raises(UserError) as raised:
        verify(place, repair=out, workers=1)
    assert f"{out} cannot be written (the service is busy; given up after 5 tries)" in str(raised.value)
    assert not out.exists()
