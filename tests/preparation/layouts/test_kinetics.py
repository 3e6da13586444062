"""Kinetics: CSV files of any version, unlabelled tests, label maps, and one segment in two lists."""

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.kinetics import list_kinetics, read_kinetics
from tests.preparation.layouts.files import touch, write_files

HEADER = "label,youtube_id,time_start,time_end,split\n"
TRAIN = HEADER + "yoga,-abcdefghij,10,20,train\nair drumming,b_cdefghijk,0,10,train\nzumba,../../etc/pw,1,11,train\n"
VALIDATION = HEADER + "air drumming,cdefghijklm,123,133,val\n"
TEST = "youtube_id,time_start,time_end,split\ndefghijklmn,5,15,test\n"
NAMES = ("yoga/-abcdefghij_000010_000020.mp4", "air drumming/b_cdefghijk_000000_000010.mp4")


def test_lists_of_any_name_are_found(tmp_path):
    write_files(
        tmp_path,
        {"train.csv": TRAIN, "annotations/kinetics-600_test.csv": TEST, "k/kinetics_600_validate.csv": VALIDATION},
    )
    touch(tmp_path, *NAMES)
    assert {source.split for source in list_kinetics(tmp_path).sources} == {"train"}
    touch(tmp_path, "test/defghijklmn_000005_000015.webm", "val/air drumming/cdefghijklm_000123_000133.mkv")
    (tested,) = list_kinetics(tmp_path, tmp_path / "annotations").sources
    assert (tested.split, tested.labels) == ("test", {})
    (validated,) = list_kinetics(tmp_path, tmp_path / "k").sources
    assert (validated.split, validated.labels) == (
        "validation",
        {"label": "air drumming", "official": "validation"},
    )


def test_missing_segments_change_no_class(tmp_path):
    write_files(tmp_path, {"train.csv": TRAIN, "val.csv": VALIDATION})
    touch(tmp_path, f"train/{NAMES[1]}", "train/unknown/x.mp4")
    listing = list_kinetics(tmp_path)
    assert [source.name for source in listing.sources] == [f"train/{NAMES[1]}"]
    assert listing.classes == {"label": ["air drumming", "yoga", "zumba"]} and listing.folds == ("official",)
    assert listing.missing == {
        "train": [NAMES[0], "zumba/../../etc/pw_000001_000011.mp4"],
        "validation": ["air drumming/cdefghijklm_000123_000133.mp4"],
    }
    assert listing.ignored == {"not listed": 1}
    assert listing.notes == ["kinetics: the lists name 3 classes; published: 400, 600 or 700"]


def test_files_in_no_class_folder_are_matched_by_name(tmp_path):
    write_files(tmp_path, {"train.csv": TRAIN})
    touch(tmp_path, "train/-abcdefghij_000010_000020.mp4", "zumba/b_cdefghijk_000000_000010.mp4")
    listing = list_kinetics(tmp_path)
    assert [source.labels["label"] for source in listing.sources] == ["yoga"]


def test_a_segment_in_two_lists_tests(tmp_path):
    repeated = HEADER + "yoga,-abcdefghij,10,20,val\n"
    write_files(tmp_path, {"train.csv": TRAIN, "val.csv": repeated})
    lists = read_kinetics(tmp_path)
    assert [item.split for item in lists.listed if item.name == NAMES[0]] == ["validation"]
    assert lists.notes[0] == "kinetics: 1 segments of a list are left to a list that tests"


def test_a_label_map_gives_the_order(tmp_path):
    write_files(tmp_path, {"train.csv": TRAIN, "label_map_k400.txt": "zumba\nyoga\nsleeping\nair drumming\n"})
    assert read_kinetics(tmp_path).classes == {"label": ["zumba", "yoga", "sleeping", "air drumming"]}
    write_files(tmp_path, {"label_map_k400.txt": "yoga\nair drumming\n"})
    with pytest.raises(UserError, match=r"label_map_k400\.txt lacks 1 labels of the lists, such as 'zumba'"):
        read_kinetics(tmp_path)
    write_files(tmp_path, {"label_map_k600.txt": "yoga\n"})
    with pytest.raises(UserError, match="holds 2 label maps"):
        read_kinetics(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("train.csv", "youtube_id,time_start,time_end,split\n", "expected also label"),
        ("train.csv", HEADER + "yoga,x,soon,20,train\n", r"train\.csv, line 2 holds 'soon'; expected whole seconds"),
        ("train.csv", HEADER + "yoga,x,1\n", r"line 2 holds 'yoga,x,1'; expected 5 cells"),
        ("train.csv", HEADER + ",x,1,2,train\n", "expected a label"),
        ("train.csv", HEADER + "yoga,,1,2,train\n", "expected a youtube_id"),
        ("train.csv", HEADER + "yoga,x,1,2,test\n", "line 2 belongs to the split test"),
        ("kinetics_train.csv", HEADER, "holds two lists of the train split, kinetics_train.csv and train.csv"),
    ],
)
def test_lists_that_cannot_be_right_name_the_line(tmp_path, name, text, words):
    write_files(tmp_path, {"train.csv": TRAIN} | {name: text})
    with pytest.raises(UserError, match=words):
        read_kinetics(tmp_path)


@pytest.mark.parametrize("version", [400, 600, 700])
def test_the_official_label_maps_are_as_published(shared_data, tmp_path, version):
    labels = (shared_data / "splits" / "kinetics" / f"label_map_k{version}.txt").read_text()
    row = "air drumming,b_cdefghijk,0,10,train\n"
    lists = read_kinetics(write_files(tmp_path, {"train.csv": HEADER + row, f"label_map_k{version}.txt": labels}))
    classes = lists.classes["label"]
    assert len(classes) == version and lists.notes == [] and list(classes) == sorted(classes)
