"""DMVR records whose labels are indices, and records with another kind of value than expected under a key."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.data import open_dataset, pretraining_dataset
from brave_tf.data.training_clips import TrainingClips
from brave_tf.evaluation.clips import LabelledClips
from tests.data.dmvr_files import pictures, record, write_shard

VA = override(presets.get("tiny-va"), ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"])
INDEX, TEXT, STRING = "clip/label/index", "clip/label/text", "clip/label/string"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def labelled(tmp_path, *contexts):
    write_shard(tmp_path / "d" / "train-00000-of-00001", [record(2, context=context) for context in contexts])
    return open_dataset(tmp_path / "d")


def test_labels_by_index_alone_keep_the_order_of_the_indices(tmp_path):
    dataset = labelled(tmp_path, *({INDEX: [number]} for number in (10, 2, 9, 2)), {INDEX: [-1]}, None)
    assert dataset.labels == {"label": ["2", "9", "10"]} and dataset.multilabel == ()
    assert dataset.clips()["label/label"].to_pylist() == ["10", "2", "9", "2", None, None]
    clips = LabelledClips.of(dataset, "label")
    np.testing.assert_array_equal(clips.labels, [2, 0, 1, 0])
    assert clips.left_out["without label"] == 2


def test_several_indices_make_a_label_of_several_names(tmp_path):
    dataset = labelled(tmp_path, {INDEX: [7, 3]}, {INDEX: [3, 3]}, {INDEX: [5], TEXT: [b"run"]}, None)
    assert dataset.labels == {"label": ["3", "run", "7"]} and dataset.multilabel == ("label",)
    assert dataset.clips()["label/label"].to_pylist() == [["7", "3"], ["3"], ["run"], None]
    clips = LabelledClips.of(dataset, "label")
    np.testing.assert_array_equal(clips.labels, [[1, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert "1 of 3 labelled records have several labels" in "".join(dataset.notes())


def test_a_name_given_once_names_its_index_everywhere(tmp_path):
    dataset = labelled(tmp_path, {INDEX: [4]}, {INDEX: [4], STRING: [b"walk"]}, {INDEX: [1, 0], STRING: [b"b", b"a"]})
    assert dataset.labels == {"label": ["a", "b", "walk"]}
    assert dataset.clips()["label/label"].to_pylist() == [["walk"], ["walk"], ["b", "a"]]


def test_names_without_indices_are_labels_too(tmp_path):
    dataset = labelled(tmp_path, {STRING: [b"walk"]}, {TEXT: [b"run"]})
    assert dataset.labels == {"label": ["run", "walk"]}
    assert dataset.clips()["label/label"].to_pylist() == ["walk", "run"]


def test_names_and_indices_that_disagree(tmp_path):
    rows = [{INDEX: [n], TEXT: [t]} for n, t in ((0, b"run"), (3, b"run"), (1, b"a"), (1, b"b"), (1, b"b"))]
    dataset = labelled(tmp_path, *rows)
    assert dataset.labels == {"label": ["run", "b", "run (3)"]}
    assert dataset.clips()["label/label"].to_pylist() == ["run", "run (3)", "b", "b", "b"]
    assert "label indices have several names, the most frequent is used: 1 (b and a)" in "".join(dataset.notes())


def steps(key, kind, values):
    """A record whose list `key` has one step per value, of another kind than expected."""
    example = tf.train.SequenceExample.FromString(record(4))
    del example.feature_lists.feature_list[key].feature[:]
    for each in values:
        getattr(example.feature_lists.feature_list[key].feature.add(), kind).value.extend(each)
    return example.SerializeToString()


def as_example():
    example = tf.train.Example()
    example.features.feature["image/encoded"].bytes_list.value.extend(pictures(4))
    return example.SerializeToString()


def context(key, value):
    return record(4, context={key: [value]})


WAVE, RATE, SOUND_RATE = "WAVEFORM/feature/floats", "image/frame_rate", "WAVEFORM/feature/sample_rate"
ODD = {
    "sound as int64": (lambda: steps(WAVE, "int64_list", [[1, 2]]), f"{WAVE} is int64_list; expected float_list"),
    "sound as bytes": (lambda: steps(WAVE, "bytes_list", [[b"xy"]]), f"{WAVE} is bytes_list; expected float_list"),
    "frames as floats": (
        lambda: steps("image/encoded", "float_list", [[1.0]]),
        "image/encoded is float_list; expected",
    ),
    "a frame amiss": (lambda: record(encoded=[*pictures(2), b"GIF89a"]), "its frame 2 is no picture like its first"),
    "rate as string": (
        lambda: context(RATE, b"25"),
        "image/frame_rate is bytes_list; expected",
    ),
    "rate is nan": (
        lambda: context(RATE, float("nan")),
        "image/frame_rate is nan; expected",
    ),
    "sound rate": (
        lambda: context(SOUND_RATE, b"x"),
        "sample_rate is bytes_list; expected",
    ),
    "start as bytes": (
        lambda: context("clip/start/timestamp", b"0"),
        "clip/start/timestamp is bytes_list",
    ),
    "label as bytes": (lambda: context(INDEX, b"1"), f"{INDEX} is bytes_list; expected int64_list"),
    "label as float": (lambda: context(INDEX, 1.0), f"{INDEX} is float_list; expected int64_list"),
    "text as int": (lambda: record(4, context={INDEX: [1], TEXT: [1]}), f"{TEXT} is int64_list; expected bytes_list"),
    "an Example": (lambda: as_example(), "an Example's image/encoded"),
}


@pytest.mark.parametrize("which", ODD)
def test_another_kind_of_value_is_damage_that_names_its_key(which, tmp_path):
    make, reason = ODD[which]
    write_shard(tmp_path / "d" / "train-00000-of-00001", [record(4), make()])
    clips = TrainingClips.open(tmp_path / "d", VA)
    assert clips.count == 1 and clips.left_out["damaged"] == 1
    (line,) = [line for line in clips.notes if "damaged and left out" in line]
    assert "record 1 (" in line and reason in line


def oddly_usable():
    return {
        "sound in several steps": steps(WAVE, "float_list", [[0.1] * 9000, [], [0.2] * 9000]),
        "frames in one step": steps("image/encoded", "bytes_list", [pictures(4)]),
        "an empty frame step": steps("image/encoded", "bytes_list", [[each] for each in pictures(2)] + [[]]),
        "rate as int": context(RATE, 25),
        "sound rate as int": context(SOUND_RATE, 16_000),
        "start as float": record(4, context={"clip/start/timestamp": [0.0], "clip/end/timestamp": [160_000.0]}),
        # Flow is not read from records of others, so that its form does not matter.
        "flow rate as int": context("FORWARD_FLOW/image/frame_rate", 25),
        "flow rate as bytes": context("FORWARD_FLOW/image/frame_rate", b"25"),
        "flow as ints": steps("FORWARD_FLOW/image/encoded", "int64_list", [[1]]),
    }


def test_what_the_index_lets_through_can_be_trained_on(tmp_path):
    usable = oddly_usable()
    write_shard(tmp_path / "d" / "train-00000-of-00001", list(usable.values()))
    config = override(VA, [f"batch_size={len(usable)}"])
    clips = TrainingClips.open(tmp_path / "d", config)
    assert clips.count == len(usable) and not any(clips.left_out.values())
    (batch,) = pretraining_dataset(clips, config).take(1)
    assert len(set(batch["clip_id"].numpy())) == len(usable)
    assert np.isfinite(batch["broad"]["audio"]).all()
