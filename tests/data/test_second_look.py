"""What storage fails to give for a while is no damage: the clip is used, or the command ends, and says so."""

import errno

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import prepare
from brave_tf.config import EvaluationInput
from brave_tf.config.values import override
from brave_tf.data import damage, pretraining_dataset, read, sampling, second_look
from brave_tf.data.damage import read_payload
from brave_tf.data.pipeline import clip_windows
from brave_tf.data.second_look import as_user_errors
from brave_tf.errors import UserError
from tests.preparation.media_files import write_media

CLIPS = 4
SMALL = ["batch_size=2", "narrow.size=16", "narrow.frames=2", "seed=3", "evaluation.frames=2", "evaluation.size=16"]
V = override(presets.get("tiny-v"), [*SMALL, "evaluation.shorter_side=16", "evaluation.windows=2"])
INPUT_VIEW = EvaluationInput(view=V.evaluation)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    for number in range(CLIPS):
        write_media(folder / "videos" / f"{number}.mp4", seconds=1.0, size=(16, 16), sound_hz=None, noise_seed=number)
    return prepare(folder / "videos", folder / "out", workers=0, split="train=1")


@pytest.fixture
def graph_cannot_read(monkeypatch):
    """Takes some clips away from the graph, as storage that does not answer does."""

    def clips(*rows):
        class Reader(read.RecordReader):
            def __init__(self, table):
                super().__init__(table)
                self._shards = tf.constant([*table.shards, "ram://absent/shard"])
                places = self._rows.numpy()
                places[list(rows), 0] = len(table.shards)
                self._rows = tf.constant(places)

        monkeypatch.setattr(read, "RecordReader", Reader)

    return clips


class Broken:
    """A file on a disk that fails."""

    def open(self, mode):
        raise OSError(errno.EIO, "Input/output error")


# In this order: what looks ahead without end may still do so when the next test has begun.
MAKERS = {
    "windows": lambda dataset: clip_windows(dataset, dataset.clips(), INPUT_VIEW),
    "pre-training": lambda dataset: pretraining_dataset(dataset.path, V).take(3),
}


@pytest.mark.parametrize("name", [pytest.param("windows", marks=pytest.mark.thorough), "pre-training"])
def test_a_clip_that_can_be_read_after_all_is_used(name, dataset, graph_cannot_read, monkeypatch):
    looked = []

    def listening(table, row):
        looked.append(row)
        return damage.read_record(table, row)

    monkeypatch.setattr(second_look, "read_record", listening)
    before = list(MAKERS[name](dataset))
    assert not looked
    graph_cannot_read(0, CLIPS - 1)
    after = list(MAKERS[name](dataset))
    assert set(looked) == {0, CLIPS - 1} and len(after) == len(before)
    for one, other in zip(before, after, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, one, other)
    if name == "pre-training":
        assert all(draw < sampling.STAND_IN for batch in after for draw in batch["draw"].numpy())

    monkeypatch.setattr(damage, "as_path", lambda path: Broken())
    with pytest.raises(UserError) as raised, as_user_errors():
        list(MAKERS[name](dataset))
    said = str(raised.value)
    assert said.startswith(f"{dataset.path}/train-00000-of-00001.tfrecord cannot be read at byte ")
    assert "(Input/output error), and no other clip takes the place of one that may be whole; run the same" in said
    assert "\n" not in said


def test_other_errors_stay_what_they_are():
    with pytest.raises(tf.errors.InvalidArgumentError), as_user_errors():
        tf.debugging.Assert(False, ["something else"])


def test_a_record_that_cannot_be_read_is_not_called_damaged(tmp_path):
    with pytest.raises(UserError, match="absent cannot be read at byte 12"):
        read_payload(str(tmp_path / "absent"), 12, 100)


def test_an_input_whose_storage_gives_nothing_any_more_ends(dataset, graph_cannot_read, monkeypatch):
    monkeypatch.setattr(second_look, "AHEAD_CLIPS", 0)
    graph_cannot_read(*range(CLIPS))
    monkeypatch.setattr(damage, "as_path", lambda path: Broken())
    with pytest.raises(UserError, match=r"cannot be read at byte \d+ \(Input/output error\)"), as_user_errors():
        next(iter(pretraining_dataset(dataset.path, V)))
