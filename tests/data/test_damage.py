"""Damaged clips: another takes their place, all else stays as it was, and what is wrong with them is told."""

import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import prepare
from brave_tf.config import EvaluationInput
from brave_tf.config.values import override
from brave_tf.data import pretraining_dataset, sampling
from brave_tf.data.pipeline import augmented_samples, clip_windows, shuffled_samples
from brave_tf.data.training_clips import TrainingClips
from brave_tf.data.usable import batches_without_gaps, elements_without_gaps
from tests.data.damaged_records import damaged_copy
from tests.data.dmvr_files import pictures, record, write_shard
from tests.preparation.media_files import write_media

VA = override(presets.get("tiny-va"), ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"])
CLIPS = 10
DAMAGE = {1: "pictures", 4: "checksum", 6: "nan", 9: "no example"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for number in range(CLIPS):
        write_media(folder / "videos" / f"{number}.mp4", seconds=1.2, tone_hz=300 + 50 * number)
    return prepare(folder / "videos", folder / "out", workers=1, split="train=1").path


@pytest.fixture(scope="module")
def damaged(whole, tmp_path_factory):
    return damaged_copy(whole, tmp_path_factory.mktemp("damaged") / "d", DAMAGE)


def batches(data, config, count, **kwargs):
    return list(pretraining_dataset(data, config, **kwargs).take(count))


def examples(batches):
    """The examples of batches, one by one, without their batches."""
    rows = [tf.nest.map_structure(lambda array, row=row: array[row], each) for each in batches for row in range(4)]
    return [tf.nest.map_structure(np.asarray, row) for row in rows]


def assert_equal(first, second):
    tf.nest.map_structure(np.testing.assert_array_equal, first, second)


def test_what_is_not_damaged_stays_bit_for_bit(whole, damaged):
    before, after = (examples(batches(data, VA, 5)) for data in (whole, damaged))
    ids = TrainingClips.open(whole, VA).table.clip_id
    bad = set(ids[list(DAMAGE)].tolist())
    replaced = 0
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        assert one["draw"] == number and int(one["clip_id"]) == ids[sampling.row_of(number, CLIPS, VA.seed)]
        if int(one["clip_id"]) in bad:
            replaced += 1
            assert int(other["clip_id"]) not in bad and other["draw"] % sampling.STAND_IN == number
            rows = sampling.rows_before(int(other["draw"]), CLIPS, VA.seed)
            assert rows and set(rows) <= set(DAMAGE)
            assert int(other["clip_id"]) == ids[sampling.row_of(int(other["draw"]), CLIPS, VA.seed)]
        else:
            assert_equal(one, other)
    # Every epoch shows every clip once.
    assert replaced == 2 * len(DAMAGE)


def test_what_takes_their_place_follows_from_seed_and_step_alone(damaged):
    first = batches(damaged, VA, 5)
    assert_equal(first, batches(damaged, override(VA, ["data.parallel_calls=1"]), 5))
    assert_equal(first[3:], batches(damaged, VA, 2, first_step=3))


@pytest.mark.thorough
def test_what_takes_their_place_is_the_same_for_replicas(damaged, two_replicas):
    single = batches(damaged, VA, 3)
    shared = iter(pretraining_dataset(damaged, VA, strategy=two_replicas))
    for batch in single:
        share = next(shared)
        for name in ("clip_id", "draw"):
            halves = two_replicas.experimental_local_results(share[name])
            np.testing.assert_array_equal(np.concatenate(halves), batch[name])


def test_views_without_sound_use_a_clip_whose_sound_is_not_finite(whole, damaged):
    config = override(presets.get("tiny-v"), ["batch_size=4", "narrow.size=32", "narrow.frames=4", "seed=3"])
    met = {row for one in examples(batches(damaged, config, 3)) for row in rows_of(int(one["draw"]), config)}
    assert met == {row for row, kind in DAMAGE.items() if kind != "nan"}


def rows_of(draw, config, clips=CLIPS):
    return sampling.rows_before(draw, clips, config.seed)


def test_a_picture_is_damage_where_a_view_takes_it(whole, tmp_path):
    data = damaged_copy(whole, tmp_path / "d", dict.fromkeys(range(CLIPS), "last picture"))
    # 30 frames; of four every sixth of them the last is one in twelve.
    taken = examples(batches(data, VA, 15))
    assert 0 < sum(each["draw"] >= sampling.STAND_IN for each in taken) < 30
    before = examples(batches(whole, VA, 15))
    for one, other in zip(before, taken, strict=True):
        if other["draw"] < sampling.STAND_IN:
            assert_equal(one, other)


REASONS = {
    "pictures": r"picture 0 of its 30 of video does not decode \(.*Invalid JPEG data.*\)",
    "checksum": "its checksum does not fit its content",
    "nan": "1 of the 19,[0-9]{3} samples of its sound are NaN or infinite",
    "no example": r"it is not a record of clips \(.*\)",
}


def test_what_is_wrong_is_told_with_the_place_and_the_source(damaged):
    import re

    clips = TrainingClips.open(damaged, VA)
    finder = clips.damage_finder()
    for row, kind in DAMAGE.items():
        found = finder.clip(row)
        assert re.fullmatch(REASONS[kind], found.reason), found.reason
        assert found.shard == clips.table.shards[clips.table.shard[row]] and found.offset == clips.table.offset[row]
        assert (found.row, found.clip_id, found.source) == (row, clips.table.clip_id[row], f"{row}.mp4")
        assert f"{row}.mp4" in str(found) and "\n" not in str(found) and not finder.is_usable(row)
    assert finder.is_usable(0) and "is whole now" in finder.clip(0).reason


def test_two_datasets_name_their_own_clips(whole, damaged):
    clips = TrainingClips.open([whole, damaged], VA)
    finder = clips.damage_finder()
    assert finder.is_usable(4) and "checksum" in finder.clip(CLIPS + 4).reason
    assert finder.clip(CLIPS + 4).source == "4.mp4" and str(damaged) in finder.clip(CLIPS + 4).shard


@pytest.mark.thorough
def test_records_of_others_are_passed_over_too(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bad = [*pictures(2), pictures(1)[0][:100], *pictures(1)]
    write_shard(tmp_path / "d" / "train-00000-of-00001", [record(4), record(encoded=bad), record(4)])
    clips = TrainingClips.open(tmp_path / "d", VA)
    met = {row for one in examples(batches(clips, VA, 6)) for row in rows_of(int(one["draw"]), VA, clips=3)}
    assert met == {1}
    assert "picture 2 of its 4 of video does not decode" in clips.damage_finder().clip(1).reason


def test_pictures_of_two_sizes_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    odd = [*pictures(2), *pictures(1, size=(32, 32))]
    write_shard(tmp_path / "d" / "train-00000-of-00001", [record(encoded=odd)])
    reason = TrainingClips.open(tmp_path / "d", VA).damage_finder().clip(0).reason
    assert reason == "picture 2 of its 3 of video has 32x32 pixels, the first 64x48"


V = override(
    presets.get("tiny-v"),
    ["evaluation.frames=4", "evaluation.size=32", "evaluation.shorter_side=40", "evaluation.windows=2"],
)
INPUT_VIEW = EvaluationInput(view=V.evaluation)


@pytest.mark.thorough
def test_windows_of_damaged_clips_stand_at_no_place(whole, damaged):
    from brave_tf.data import open_dataset

    before, after = (list(clip_windows(each, each.clips(), INPUT_VIEW)) for each in map(open_dataset, (whole, damaged)))
    for row, (one, other) in enumerate(zip(before, after, strict=True)):
        if DAMAGE.get(row, "nan") == "nan":
            assert_equal(one, other)
        else:
            assert other[0].shape[0] == 1 and set(other[1].numpy()) == {-1} and len(other[1]) == len(one[1])


def test_samples_of_damaged_clips_are_nan(whole, damaged):
    from brave_tf.data import open_dataset

    before, after = (
        np.stack(list(augmented_samples(each, each.clips(), INPUT_VIEW, seed=1)))
        for each in map(open_dataset, (whole, damaged))
    )
    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        if DAMAGE.get(number % CLIPS, "nan") == "nan":
            np.testing.assert_array_equal(one, other)
        else:
            assert np.isnan(other).all() and other.shape == one.shape


def test_shuffled_samples_take_another_clip_and_its_label(damaged):
    from brave_tf.data import open_dataset

    dataset = open_dataset(damaged)
    labels = np.arange(CLIPS)
    samples = list(shuffled_samples(dataset, dataset.clips(), labels, INPUT_VIEW, seed=1).take(2 * CLIPS))
    assert {int(label) for _, label, _ in samples} == set(range(CLIPS)) - {1, 4, 9}
    for _, label, draw in samples:
        assert int(label) == sampling.row_of(int(draw), CLIPS, 1)


def fails_below(limit, number):
    with tf.control_dependencies([tf.debugging.assert_greater_equal(number, tf.constant(limit, tf.int64))]):
        return tf.identity(number)


def test_what_raises_gives_way_to_something_else():
    numbered = tf.data.Dataset.range(4).map(lambda number: (number, fails_below(2, number)))
    made = elements_without_gaps(numbered, 0, lambda number: tf.constant(-1, tf.int64), last=3)
    assert [int(each) for each in made] == [-1, -1, 2, 3]
    # Also at the end.
    numbered = tf.data.Dataset.range(4).map(lambda number: (number, -fails_below(-1, -number)))
    made = elements_without_gaps(numbered, 0, lambda number: tf.constant(-1, tf.int64), last=3)
    assert [int(each) for each in made] == [0, 1, -1, -1]


@pytest.mark.parametrize("raises", [[], [5], [0, 1], [3, 4, 5, 6, 7, 8, 9], list(range(0, 40, 2)), [*range(4), 7, 8]])
def test_batches_have_no_gaps(raises):
    def number(each):
        wrong = tf.reduce_any(each == tf.constant(raises, tf.int64)) if raises else tf.constant(False)
        with tf.control_dependencies([tf.debugging.assert_equal(wrong, False)]):
            return each, {"number": tf.identity(each), "square": each * each}

    def otherwise(each):
        return {"number": -each, "square": each * each}

    numbered = tf.data.Dataset.range(2, 10**6).map(number, num_parallel_calls=2)
    batches = batches_without_gaps(numbered, 2, 4, otherwise)
    assert batches.element_spec["number"].shape == [4]
    taken = list(batches.take(8))
    expected = [-each if each in raises else each for each in range(2, 34)]
    assert np.concatenate([batch["number"] for batch in taken]).tolist() == expected
    assert np.concatenate([batch["square"] for batch in taken]).tolist() == [each**2 for each in range(2, 34)]
