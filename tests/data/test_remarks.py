"""What is possible and unusual is said in a line each."""

import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset
from brave_tf.data.training_clips import TrainingClips
from tests.data.dmvr_files import record, write_shard

VA = override(presets.get("tiny-va"), ["narrow.size=16", "narrow.frames=2", "narrow.step=1", "broad.audio.seconds=0.5"])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def remarks(tmp_path, records, *settings):
    write_shard(tmp_path / "d" / "train-00000-of-00001", records)
    config = override(VA, settings)
    clips = TrainingClips.open(tmp_path / "d", config)
    (batch,) = pretraining_dataset(clips, config).take(1)
    assert batch["narrow"].shape[0] == config.batch_size
    return list(clips.remarks)


def test_a_batch_of_one_clip(tmp_path):
    line = "the data has 1 clip for batches of 16: a batch shows each about 16 times, in other views"
    assert remarks(tmp_path, [record(30)]) == [line]


def test_fewer_clips_than_a_batch(tmp_path):
    (line,) = remarks(tmp_path, [record(20)] * 4, "batch_size=6")
    assert line.startswith("the data has 4 clips for batches of 6: a batch shows each about 1.5 times")


def test_clips_of_one_frame(tmp_path):
    lines = remarks(tmp_path, [record(1, 16_000), record(30), record(30)], "batch_size=2")
    assert lines == ["1 of 3 clips have a single frame: nothing moves in their views"]


def test_views_longer_than_most_clips(tmp_path):
    lines = remarks(tmp_path, [record(30)] * 3, "batch_size=2", "broad.audio.seconds=64")
    assert lines == ["3 of 3 clips are shorter than the longest view (broad sound, 64 s), which loops in them"]


def test_views_longer_than_few_clips_are_usual(tmp_path):
    assert remarks(tmp_path, [record(30), record(30), record(2, 1_000)], "batch_size=2") == []
