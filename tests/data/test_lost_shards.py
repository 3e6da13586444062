"""Shards of a prepared dataset that are lost or cut off afterwards are named before anything is trained on."""

import pytest

from brave_tf.commands import prepare
from brave_tf.data import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError
from tests.preparation.media_files import write_media


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lost")
    for number in range(34):
        write_media(folder / "videos" / f"{number:02d}.mp4", seconds=0.2, size=(32, 32), sound_hz=None)
    return prepare(folder / "videos", folder / "out", workers=1, split="train=1").path


@pytest.fixture
def shards(prepared, tmp_path):
    for file in prepared.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return sorted(tmp_path.glob("*.tfrecord"))


def table(shards):
    dataset = open_dataset(shards[0].parent)
    return RecordTable.of(dataset, dataset.clips("train"))


def test_all_missing_shards_are_named(shards):
    assert len(shards) == 3 and len(table(shards)) == 34
    shards[0].unlink()
    shards[2].unlink()
    names = "00000-of-00003.tfrecord, .*00002-of-00003.tfrecord are missing, of 3 shards; copy again, or prepare"
    with pytest.raises(UserError, match=names):
        table(shards)


@pytest.mark.parametrize("lost_bytes", [1, 4, 5, 400])
def test_a_shard_that_is_cut_off_is_named(shards, lost_bytes):
    shards[1].write_bytes(shards[1].read_bytes()[:-lost_bytes])
    with pytest.raises(UserError, match=r"00001-of-00003.tfrecord is cut off, of 3 shards; copy again, or prepare"):
        table(shards)
