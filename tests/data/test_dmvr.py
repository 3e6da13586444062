"""DMVR shards: batches straight from them, what is assumed, what is left out, and the cache of their index."""

import gzip
import json
import os

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.config import EvaluationInput
from brave_tf.config.values import override
from brave_tf.data import dmvr, open_dataset, pretraining_dataset
from brave_tf.data.dataset import CLIPS_PER_SOURCE
from brave_tf.data.pictures import decode_pictures, picture_shape
from brave_tf.data.pipeline import clip_windows
from brave_tf.data.record_frame import masked_crc32c
from brave_tf.data.shard_names import find_shards
from brave_tf.data.training_clips import TrainingClips
from brave_tf.errors import UserError
from tests.data.dmvr_files import pictures, record, write_shard
from tests.preparation.media_files import write_media

SMALL = ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"]
VA = override(presets.get("tiny-va"), SMALL)
V = override(presets.get("tiny-v"), [*SMALL, "broad.rgb.size=24", "broad.rgb.frames=6"])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "brave_tf"


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "shards"
    for shard in range(2):
        labelled = [record(30, context={"clip/label/index": [number % 2]}) for number in range(3)]
        write_shard(folder / f"train-0000{shard}-of-00002.tfrecord", labelled)
    write_shard(folder / "hmdb51_test.tfrecord-00000-of-00001", [record(30, context={"clip/label/index": [1]})])
    return folder


def batches(data, config, count, **kwargs):
    return list(pretraining_dataset(data, config, **kwargs).take(count))


def assert_equal(first, second):
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)


def test_batches_come_straight_from_the_shards(shards):
    (batch,) = batches(shards, VA, 1)
    assert batch["narrow"].shape == (4, 4, 32, 32, 3) and batch["broad"]["audio"].shape == (4, 200, 80)
    assert float(tf.math.reduce_std(tf.cast(batch["narrow"], tf.float32))) > 5
    assert float(tf.math.reduce_std(batch["broad"]["audio"])) > 0.1
    assert batches(shards, V, 1)[0]["broad"]["rgb"].shape[2:] == (6, 24, 24, 3)


@pytest.mark.thorough
def test_a_batch_follows_from_seed_and_step_alone(shards):
    first = batches(shards, VA, 4)
    assert_equal(first[2:], batches(shards, override(VA, ["data.parallel_calls=1"]), 2, first_step=2))
    assert not np.array_equal(first[0]["narrow"], batches(shards, override(VA, ["seed=4"]), 1)[0]["narrow"])
    ids = np.concatenate([batch["clip_id"] for batch in batches(shards, override(VA, ["batch_size=6"]), 2)])
    assert len(set(ids[:6])) == 6 and set(ids[:6]) == set(ids[6:])


def test_the_table_says_where_each_record_lies(shards):
    dataset = open_dataset(shards)
    table = dataset.clips()
    assert table["split"].to_pylist() == ["test"] + ["train"] * 6 and dataset.clips("train").num_rows == 6
    assert set(table["frames"].to_pylist()) == {30} and set(table["samples"].to_pylist()) == {19_200}
    assert dataset.labels == {"label": ["0", "1"]}
    assert table["label/label"].to_pylist() == ["1", *"010010"]
    # Each record is a video of its own, which is what an evaluation counts.
    assert len(set(table["clip_id"].to_numpy() // CLIPS_PER_SOURCE)) == 7
    row = table.to_pylist()[3]
    with open(row["shard"], "rb") as stream:
        content = stream.read()[row["offset"] : row["offset"] + row["length"]]
    assert content == record(30, context={"clip/label/index": [0]}) and row["source"].endswith("record 2")
    with pytest.raises(UserError, match=r"no split 'validation'; expected one of: test, train"):
        dataset.clips("validation")


def test_evaluation_reads_them_too(shards):
    dataset = open_dataset(shards)
    view = override(
        V, ["evaluation.frames=4", "evaluation.size=32", "evaluation.shorter_side=40", "evaluation.crops=1"]
    ).evaluation
    windows, _ = next(iter(clip_windows(dataset, dataset.clips("test"), EvaluationInput(view=view))))
    # The left half of every frame is brighter.
    assert np.mean(windows[0, ..., :16, :]) - np.mean(windows[0, ..., 16:, :]) > 0.1 * 255


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-00000-of-00002.tfrecord", "train"),
        ("k600-00000-of-00002", "train"),
        ("val-00000-of-00002.tfrecord", "val"),
        ("valid.tfrecord-00000-of-00002", "valid"),
        ("validation-1-of-2", "validation"),
        ("evaluation.tfrecord", "eval"),
        ("hmdb51_test-00000-of-00001", "test"),
        ("contest-00000-of-00001", "train"),
    ],
)
def test_a_shards_name_tells_its_split(name, split, tmp_path):
    write_shard(tmp_path / name, [])
    (tmp_path / "notes.txt").write_text("no shard")
    assert [(shard.path.name, shard.split) for shard in find_shards(tmp_path)] == [(name, split)]


def test_the_index_is_read_once_and_again_only_for_a_shard_that_changed(shards, cache, monkeypatch):
    first = open_dataset(shards)
    assert len(list(cache.glob("*.json"))) == 3
    read = []
    monkeypatch.setattr(dmvr, "summarise", lambda payload: read.append(len(payload)) or {"frames": 7, "samples": 0})
    again = open_dataset(shards)
    assert not read and again.fingerprint == first.fingerprint and again.table.equals(first.table)
    os.utime(shards / "train-00000-of-00002.tfrecord", ns=(1, 1))
    assert open_dataset(shards).clips("train")["frames"].to_pylist() == [7, 7, 7, 30, 30, 30]
    assert len(read) == 3


def test_the_fingerprint_is_that_of_the_content(shards, cache):
    before = open_dataset(shards).fingerprint
    shard = shards / "train-00001-of-00002.tfrecord"
    os.utime(shard, ns=(1, 1))
    assert open_dataset(shards).fingerprint == before
    write_shard(shard, [record(29)] * 3)
    assert open_dataset(shards).fingerprint != before


def test_an_interrupted_index_goes_on(shards, cache, monkeypatch):
    whole = write_shard(shards / "a-00000-of-00001", [record(5)])
    cut = shards / "b-00000-of-00001"
    cut.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(UserError, match="b-00000-of-00001 is cut off"):
        open_dataset(shards)
    done = len(list(cache.glob("*.json")))
    assert done >= 1
    cut.unlink()
    open_dataset(shards)
    assert len(list(cache.glob("*.json"))) == 4


@pytest.mark.parametrize("damage", ["damaged", "unwritable"])
def test_a_cache_that_cannot_be_used_is_no_error(shards, cache, damage):
    if damage == "damaged":
        first = open_dataset(shards)
        for file in cache.glob("*.json"):
            file.write_text("{")
        assert open_dataset(shards).fingerprint == first.fingerprint
        assert all(json.loads(file.read_text()) for file in cache.glob("*.json"))
    else:
        cache.parent.write_text("a file where the folder should be")
        assert open_dataset(shards).clips("train").num_rows == 6


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda content: content[:-30], r"1-of-00002.tfrecord is cut off: it ends at byte \d+, within the record that"),
        (lambda content: content[:5], r"1-of-00002.tfrecord is cut off: it ends at byte 5, within .* begins at 0"),
        (lambda content: content[:3] + b"\x01" + content[4:], r"1-of-00002.tfrecord is damaged at byte 0, or no TFR"),
        (gzip.compress, r"1-of-00002.tfrecord is .*it is compressed; decompress it"),
    ],
)
def test_shards_that_cannot_be_read_are_named(shards, spoil, words):
    shard = shards / "train-00001-of-00002.tfrecord"
    shard.write_bytes(spoil(shard.read_bytes()))
    with pytest.raises(UserError, match=words):
        open_dataset(shards)


def test_checksums_are_those_of_tfrecord_files(tmp_path):
    content = write_shard(tmp_path / "a.tfrecord", [b"some payload"]).read_bytes()
    assert masked_crc32c(content[:8]) == int.from_bytes(content[8:12], "little")
    assert masked_crc32c(b"some payload") == int.from_bytes(content[-4:], "little")


def test_damaged_records_are_counted_and_named(tmp_path):
    wrong = tf.train.SequenceExample()
    wrong.feature_lists.feature_list["image/encoded"].feature.add().int64_list.value.append(1)
    payloads = [b"\xff\xff garbage", record(4), b"", record(3, encoded=[b"GIF89a"]), wrong.SerializeToString()]
    write_shard(tmp_path / "d" / "train-00000-of-00001", payloads)
    clips = TrainingClips.open(tmp_path / "d", VA)
    assert clips.count == 1 and clips.left_out == {"without video": 0, "without sound": 0, "damaged": 4}
    (line,) = [line for line in clips.notes if "damaged and left out" in line]
    for reason in (
        "train-00000-of-00001: record 0 (it is no SequenceExample)",
        "record 2 (it has neither image/encoded nor WAVEFORM/feature/floats)",
        "record 3 (its first frame is neither JPEG nor PNG)",
        "record 4 (image/encoded is int64_list; expected bytes_list)",
    ):
        assert reason in line
    assert batches(tmp_path / "d", VA, 1)[0]["narrow"].shape[0] == 4


def test_shards_of_something_else_are_refused(tmp_path):
    example = tf.train.Example()
    example.features.feature["image/encoded"].bytes_list.value.append(b"x")
    write_shard(tmp_path / "d" / "a.tfrecord", [example.SerializeToString()])
    with pytest.raises(UserError, match=r"holds no usable record among 1; a.tfrecord: record 0 \(it has neither"):
        open_dataset(tmp_path / "d")


def test_clips_without_a_modality_are_left_out_and_counted(tmp_path):
    write_shard(tmp_path / "d" / "train-00000-of-00001", [record(4), record(4, samples=0), record(0)])
    assert TrainingClips.open(tmp_path / "d", VA).left_out == {"without video": 1, "without sound": 1}
    assert TrainingClips.open(tmp_path / "d", V).count == 2


def test_what_is_assumed_is_said(tmp_path, shards):
    notes = TrainingClips.open(shards, VA).notes
    assert any("7 of 7 records do not tell their frame rate; taken as 25 frames a second" in line for line in notes)
    assert any("rate of its sound is not recorded; taken as 16000 Hz" in line for line in notes)
    assert not any("suggest" in line for line in notes)
    times = {"clip/start/timestamp": [2_000_000], "clip/end/timestamp": [5_000_000]}
    write_shard(tmp_path / "slow" / "train-00000-of-00001", [record(30, context=times)])
    (line, _) = TrainingClips.open(tmp_path / "slow", VA).notes
    assert "although their clip times suggest 10" in line
    told = {"image/frame_rate": [25], "WAVEFORM/feature/sample_rate": [16_000.0]}
    write_shard(tmp_path / "told" / "train-00000-of-00001", [record(4, context=told)])
    assert TrainingClips.open(tmp_path / "told", VA).notes == ()


def test_rates_that_do_not_fit_are_refused(tmp_path):
    write_shard(tmp_path / "fps" / "a.tfrecord", [record(4), record(4, context={"image/frame_rate": [30.0]})])
    with pytest.raises(UserError, match=r"a.tfrecord: record 1 has 30 frames a second; expected 25"):
        open_dataset(tmp_path / "fps")
    rates = [record(4, context={"WAVEFORM/feature/sample_rate": [rate]}) for rate in (48_000.0, 16_000.0)]
    write_shard(tmp_path / "two" / "a.tfrecord", rates)
    with pytest.raises(UserError, match=r"several rates: 48000 Hz \(a.tfrecord: record 0\), 16000 Hz"):
        open_dataset(tmp_path / "two")
    write_shard(tmp_path / "one" / "a.tfrecord", rates[:1])
    with pytest.raises(UserError, match="holds sound at 48000 Hz; tiny-va expects 16000 Hz"):
        TrainingClips.open(tmp_path / "one", VA)


def test_labels_have_names_where_the_records_give_them(tmp_path):
    named = [{"clip/label/index": [n], "clip/label/text": [t]} for n, t in ((10, b"run"), (9, b"walk"))]
    several = {"clip/label/index": [1, 2]}
    write_shard(tmp_path / "d" / "a.tfrecord", [record(2, context=c) for c in (*named, several, None)])
    dataset = open_dataset(tmp_path / "d")
    assert dataset.labels == {"label": ["1", "2", "walk", "run"]} and dataset.multilabel == ("label",)
    assert dataset.clips()["label/label"].to_pylist() == [["run"], ["walk"], ["1", "2"], None]
    assert "1 of 3 labelled records have several labels" in "".join(dataset.notes())


@pytest.mark.thorough
def test_own_datasets_and_shards_mix(shards, tmp_path):
    for number in range(2):
        write_media(tmp_path / "videos" / f"{number}.mp4", seconds=1.0)
    own = prepare(tmp_path / "videos", tmp_path / "own", workers=1, split="train=1")
    both = [own.path, shards]
    clips = TrainingClips.open(both, VA)
    assert clips.count == 8 and clips.fingerprints == (own.fingerprint, open_dataset(shards).fingerprint)
    first = batches(both, VA, 3)
    assert_equal(first[1:], batches(both, VA, 2, first_step=1))


def test_a_shard_changed_after_it_was_opened_is_named(shards):
    dataset = open_dataset(shards)
    shard = shards / "hmdb51_test.tfrecord-00000-of-00001"
    shard.write_bytes(shard.read_bytes()[:-30])
    with pytest.raises(UserError, match=f"{shard.name} is cut off"):
        next(iter(clip_windows(dataset, dataset.clips("test"), EvaluationInput(view=V.evaluation))))


@pytest.mark.parametrize("window", [None, [5, 7, 20, 30]])
def test_png_frames_are_decoded_like_jpeg(window):
    png, jpeg = pictures(3, encode=tf.io.encode_png), pictures(3)
    window = None if window is None else tf.constant(window)
    decode = tf.function(lambda encoded: (decode_pictures(encoded, window), picture_shape(encoded[0])))
    (from_png, shape), (from_jpeg, same) = decode(tf.constant(png)), decode(tf.constant(jpeg))
    assert shape.numpy().tolist() == same.numpy().tolist() == [48, 64, 3]
    assert from_png.shape == ((3, 48, 64, 3) if window is None else (3, 20, 30, 3))
    np.testing.assert_allclose(tf.cast(from_png, tf.int32), tf.cast(from_jpeg, tf.int32), atol=12)
    whole = tf.stack([tf.io.decode_png(picture) for picture in png])
    np.testing.assert_array_equal(from_png, whole if window is None else whole[:, 5:25, 7:37])


@pytest.mark.thorough
@pytest.mark.usefixtures("one_unit")
def test_pretrain_takes_a_folder_of_shards(shards, tmp_path, capsys):
    tiny = ["model.hidden_size=16", "model.projection_size=8", "jit_compile=false"]
    tiny += ["model.narrow.width=0.0625", "model.audio.width=0.0625", "batch_size=4", "narrow.size=32"]
    tiny += ["model.narrow.depth=14"]
    command = ["pretrain", "tiny-va", "--data", str(shards), "--run", str(tmp_path / "run"), "--steps", "1"]
    assert main([*command, "--set", *tiny, "narrow.frames=4"]) == 0
    assert "taken as 25 frames a second" in capsys.readouterr().err
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["clips"] == 6 and len(summary["notes"]) == 2 and np.isfinite(summary["final_loss"])
