"""UCF101: splits, groups, and lists that contradict each other."""

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.ucf101 import list_ucf101, read_ucf101
from tests.preparation.layouts.files import below, touch, ucf101_lists, write_files

VIDEOS = [f"UCF-101/{name}/v_{name}_{group}_c01.avi" for name in ("Archery", "YoYo") for group in ("g01", "g02")]


@pytest.fixture
def source(tmp_path):
    write_files(tmp_path / "ucf", below("ucfTrainTestlist", ucf101_lists()))
    return touch(tmp_path / "ucf", *VIDEOS)


def test_every_video_has_its_label_group_and_splits(source):
    listing = list_ucf101(source)
    found = {source.name: source for source in listing.sources}
    assert sorted(found) == VIDEOS and not listing.missing and not listing.ignored
    assert found[VIDEOS[0]].labels == {
        "label": "Archery",
        "split1": "train",
        "split2": "test",
        "split3": "train",
        "group": "Archery_g01",
    }
    assert [found[video].split for video in VIDEOS] == ["train", "test", "train", "test"]
    assert listing.folds == ("split1", "split2", "split3") and listing.layout == "ucf101"
    assert listing.notes == ["ucf101: classInd.txt lists 2 classes; published: 101 (and 7 more figures differ)"]


def test_missing_videos_change_no_class(source):
    whole = list_ucf101(source).classes
    for video in VIDEOS[:3]:
        (source / video).unlink()
    listing = list_ucf101(source)
    assert listing.classes == whole and whole["label"] == ["Archery", "YoYo"]
    assert listing.missing == {
        "train": ["Archery/v_Archery_g01_c01.avi", "YoYo/v_YoYo_g01_c01.avi"],
        "test": ["Archery/v_Archery_g02_c01.avi"],
    }


def test_lists_lie_next_to_the_media_or_where_the_user_says(source, tmp_path):
    assert len(list_ucf101(source / "UCF-101").sources) == 4
    elsewhere = (source / "ucfTrainTestlist").rename(tmp_path / "lists")
    assert len(list_ucf101(source, elsewhere).sources) == 4
    with pytest.raises(UserError, match=r"found no list files in .*classInd\.txt.*--annotations"):
        list_ucf101(source)


def test_a_name_that_leads_elsewhere_is_missing(source):
    escaping = "Archery/../../../outside/v_Archery_g01_c01.avi"
    touch(source.parent, "outside/v_Archery_g01_c01.avi")
    with open(source / "ucfTrainTestlist" / "trainlist01.txt", "a") as file:
        file.write(f"{escaping} 1\n")
    listing = list_ucf101(source)
    assert len(listing.sources) == 4 and listing.missing == {"train": [escaping]}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("trainlist01", "Sleeping/v_Sleeping_g01_c01.avi 1\n", r"trainlist01\.txt, line 1 has the class 'Sleeping'"),
        ("testlist02", "YoYo/v_YoYo_g02_c01.avi\n", r"testlist02\.txt, line 1 lists YoYo.*trainlist02\.txt lists too"),
        (
            "trainlist03",
            "\nYoYo/v_YoYo_g01_c01.avi 1\n",
            r"trainlist03\.txt, line 2 gives YoYo the number 1; expected 2",
        ),
        ("trainlist03", "YoYo/v_YoYo.avi 1\n", r"line 1 holds 'YoYo/v_YoYo\.avi 1'; expected CLASS/v_NAME"),
        ("trainlist03", f"YoYo/v_YoYo_g01_c01.avi {'9' * 5000}\n", r"line 1 holds 'YoYo/v_YoYo_g01_c01\.avi 999"),
        ("trainlist03", "../../etc/passwd 1\n", r"line 1 holds '\.\./\.\./etc/passwd 1'; expected CLASS/v_NAME"),
        ("classInd", "1 Archery\n3 YoYo\n", r"classInd\.txt, line 2 holds '3 YoYo'; expected the number 2"),
    ],
)
def test_lists_that_cannot_be_right_name_the_line(tmp_path, name, text, words):
    write_files(tmp_path, ucf101_lists(**{name: text}))
    with pytest.raises(UserError, match=words):
        read_ucf101(tmp_path)


def test_a_lacking_list_is_named(tmp_path):
    write_files(tmp_path, ucf101_lists())
    (tmp_path / "testlist02.txt").unlink()
    with pytest.raises(UserError, match=r"testlist02\.txt cannot be read"):
        read_ucf101(tmp_path)


def test_the_official_lists_are_as_published(shared_data):
    lists = read_ucf101(shared_data / "splits" / "ucf101")
    classes = lists.classes["label"]
    assert lists.notes == [] and len(lists.listed) == 13_320
    assert len(classes) == 101 and (classes[0], classes[100]) == ("ApplyEyeMakeup", "YoYo")
    for split, sizes in {"split1": (9_537, 3_783), "split2": (9_586, 3_734), "split3": (9_624, 3_696)}.items():
        sides = [item.labels[split] for item in lists.listed]
        assert (sides.count("train"), sides.count("test")) == sizes


def test_no_official_split_trains_and_tests_on_one_group(shared_data):
    lists = read_ucf101(shared_data / "splits" / "ucf101")
    for split in lists.folds:
        groups = {
            side: {item.labels["group"] for item in lists.listed if item.labels[split] == side}
            for side in ("train", "test")
        }
        assert groups["train"] and groups["test"] and not groups["train"] & groups["test"]
