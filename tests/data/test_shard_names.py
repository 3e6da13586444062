"""Splits by the names of shards and folders, sets with missing shards, and what is not a shard."""

import pytest

from brave_tf.data import open_dataset
from brave_tf.data.shard_names import SplitName, check_sets, find_shards, read_split, split_notes
from brave_tf.errors import UserError
from tests.data.dmvr_files import record, write_shard


@pytest.mark.parametrize(
    ("name", "word", "number"),
    [
        ("train-00000-of-00010", "train", None),
        ("hmdb51_split_1_train.tfrecord-00003-of-00010", "train", 1),
        ("hmdb51_train_split2-00003-of-00010.tfrecords", "train", 2),
        ("hmdb51_test_3-00000-of-00001", "test", 3),
        ("trainlist01-00000-of-00001", "train", 1),
        ("ucf101_fold2_val-00000-of-00001", "val", 2),
        ("kinetics600_train_256-00000-of-00001", "train", None),
        ("test_set.tfrecord", "test", None),
        ("testset-00000-of-00001", "test", None),
        ("training.tfrecord", "train", None),
        ("TRAIN_00000_of_00002.tfrec", "train", None),
        ("train_2.tfrecord", "train", None),
        ("restrained-00000-of-00001", None, None),
        ("contest_evaluator-00000-of-00001", None, None),
        ("latest-interval-00000-of-00001", None, None),
        ("k600-00000-of-00001", None, None),
    ],
)
def test_a_name_tells_its_split_by_whole_words(name, word, number):
    assert read_split(name) == SplitName(word, number)


def splits(folder):
    return {str(shard.path.relative_to(folder)): shard.split for shard in find_shards(folder)}


def touch(folder, *names):
    for name in names:
        write_shard(folder / name, [])


def test_sub_folders_tell_splits(tmp_path):
    names = ["train/a-00000-of-00001", "valid/a-00000-of-00001", "validation/b.tfrecord", "test/clips/c.tfrecord"]
    touch(tmp_path, *names, "old/a-00000-of-00001", ".train/a.tfrecord", "train/hmdb51_test-00000-of-00001")
    # "clips" and "old" name no split: what lies there may be anything.
    assert splits(tmp_path) == {
        "train/a-00000-of-00001": "train",
        "train/hmdb51_test-00000-of-00001": "test",
        "valid/a-00000-of-00001": "valid",
        "validation/b.tfrecord": "validation",
    }


def test_datasets_below_a_folder_stay_their_own(tmp_path):
    touch(tmp_path, "train/own-00000-of-00001")
    (tmp_path / "train" / "dataset.json").write_text("{}")
    assert splits(tmp_path) == {}
    with pytest.raises(UserError, match="is not a dataset"):
        open_dataset(tmp_path)


def test_official_splits_are_kept_apart(tmp_path):
    names = [f"hmdb51_split_{n}_{word}-00000-of-00001" for n in (1, 2) for word in ("train", "test")]
    touch(tmp_path, *names)
    assert list(splits(tmp_path).values()) == ["test", "train", "test_2", "train_2"]
    (line,) = split_notes(tmp_path, find_shards(tmp_path))
    assert "several official splits" in line and "test_2, train_2" in line
    touch(tmp_path / "folders", *(f"split_{n}/train/a-00000-of-00001" for n in (2, 3)))
    assert list(splits(tmp_path / "folders").values()) == ["train", "train_3"]


def test_one_official_split_has_plain_names(tmp_path):
    touch(tmp_path, "hmdb51_split_2_train-00000-of-00001", "hmdb51_split_2_test-00000-of-00001")
    assert sorted(splits(tmp_path).values()) == ["test", "train"]
    assert split_notes(tmp_path, find_shards(tmp_path)) == []


def test_shards_that_name_no_split_beside_others_are_said(tmp_path):
    touch(tmp_path, "clips-00000-of-00001", "test-00000-of-00001")
    assert split_notes(tmp_path, find_shards(tmp_path)) == [
        "1 of 2 shards name no split, such as clips-00000-of-00001; taken as train"
    ]


def test_what_accompanies_shards_is_no_shard(tmp_path):
    touch(tmp_path, "train-00000-of-00001.tfrecord")
    for name in ("train-00000-of-00001.tfrecord.md5", "train.tfrecord.index", "train-00000-of-00001.json"):
        (tmp_path / name).write_text("no records")
    assert list(splits(tmp_path)) == ["train-00000-of-00001.tfrecord"]


@pytest.mark.parametrize("ending", ["{}-of-00005", "{}-of-00005.tfrecord"])
def test_missing_shards_are_named(tmp_path, ending):
    for number in (0, 1, 3):
        write_shard(tmp_path / f"train-{ending.format(f'{number:05d}')}", [record(2)])
    write_shard(tmp_path / "test-00000-of-00001", [record(2)])
    (line,) = [line for line in open_dataset(tmp_path).notes() if "shards are missing" in line]
    names = [f"train-{ending.format(number)}" for number in ("00002", "00004")]
    assert line.endswith(f"2 of 6 shards are missing: {', '.join(names)}")


def test_missing_shards_of_sub_folders_are_named_with_them(tmp_path):
    touch(tmp_path, "train/a-1-of-3", "train/a-0-of-3", "test/a-0-of-1")
    assert check_sets(tmp_path, find_shards(tmp_path)) == ["1 of 4 shards are missing: train/a-2-of-3"]


def test_many_missing_shards_are_counted(tmp_path):
    touch(tmp_path, "train-000000007-of-100000000")
    (line,) = check_sets(tmp_path, find_shards(tmp_path))
    assert line.startswith("99999999 of 100000000 shards are missing: train-000000000-of-100000000")
    assert line.endswith("and 99999989 more")


def test_a_complete_set_is_no_word_worth(tmp_path):
    touch(tmp_path, *(f"train-{number}-of-3" for number in range(3)), "single.tfrecord")
    assert check_sets(tmp_path, find_shards(tmp_path)) == []


def test_one_set_in_two_divisions_is_refused(tmp_path):
    touch(tmp_path, "train-00000-of-00002", "train-00001-of-00002", "train-00000-of-00001")
    with pytest.raises(UserError, match=r"train-00000-of-0000. and train-00000-of-0000., two divisions .*remove one"):
        open_dataset(tmp_path)
