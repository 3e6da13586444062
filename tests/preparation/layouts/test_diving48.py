"""Diving48: classes of several words, and dives of one longer video."""

import json

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.diving48 import list_diving48, read_diving48
from tests.preparation.layouts.files import below, touch, write_files

VOCABULARY = [["Back", "15som", "05Twis", "FREE"], ["Forward", "Dive", "NoTwis", "STR"]]
TRAIN = [
    {"vid_name": "_8Vy3dlHg2w_00000", "label": 1, "start_frame": 0, "end_frame": 98},
    {"vid_name": "_8Vy3dlHg2w_00001", "label": 0, "start_frame": 0, "end_frame": 120},
]
TEST = [{"vid_name": "2x00lRzlTVQ_00003", "label": 1, "start_frame": 0, "end_frame": 77}]
CONTENT = {"Diving48_vocab": VOCABULARY, "Diving48_V2_train": TRAIN, "Diving48_V2_test": TEST}


def lists(**changes: object) -> dict[str, str]:
    return {f"{name}.json": json.dumps(content) for name, content in (CONTENT | changes).items()}


@pytest.mark.parametrize("place", [".", "annotations", "../annotations"])
def test_dives_have_a_class_a_group_and_a_split(tmp_path, place):
    source = tmp_path / "diving48"
    write_files(source, below(place, lists()))
    touch(source, *(f"rgb/{name}.mp4" for name in ("_8Vy3dlHg2w_00000", "_8Vy3dlHg2w_00001", "2x00lRzlTVQ_00003")))
    listing = list_diving48(source)
    forward, back = "Forward+Dive+NoTwis+STR", "Back+15som+05Twis+FREE"
    assert [(item.split, item.labels["label"], item.labels["group"]) for item in listing.sources] == [
        ("train", forward, "_8Vy3dlHg2w"),
        ("train", back, "_8Vy3dlHg2w"),
        ("test", forward, "2x00lRzlTVQ"),
    ]
    assert listing.classes == {"label": [back, forward], "group": ["_8Vy3dlHg2w", "2x00lRzlTVQ"]}
    assert not listing.ignored and not listing.missing and listing.folds == ()
    assert listing.notes == ["diving48: Diving48_vocab.json lists 2 classes; published: 48 (and 2 more figures differ)"]


def test_missing_dives_and_lists_change_no_class(tmp_path):
    write_files(tmp_path, lists())
    (tmp_path / "Diving48_V2_test.json").unlink()
    touch(tmp_path, "_8Vy3dlHg2w_00001.mkv", "2x00lRzlTVQ_00003.mp4")
    listing = list_diving48(tmp_path)
    assert len(listing.classes["label"]) == 2 and listing.ignored == {"not listed": 1}
    assert listing.missing == {"train": ["_8Vy3dlHg2w_00000.mp4"]}


def test_version_one_of_the_lists_is_not_taken_for_version_two(tmp_path):
    write_files(tmp_path, {"Diving48_vocab.json": "[]", "Diving48_train.json": "[]"})
    with pytest.raises(UserError, match=r"found no list files in .*Diving48_V2_train\.json or Diving48_V2_test\.json"):
        list_diving48(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("Diving48_V2_train", [{"vid_name": "a_1", "label": 2}], r"train\.json, entry 1 holds 'a_1 2'; .*from 0 to 1"),
        ("Diving48_V2_train", [{"vid_name": "a_1", "label": -1}], "entry 1 holds 'a_1 -1'"),
        ("Diving48_V2_train", [{"vid_name": "a_1", "label": "1"}], "entry 1 holds .*'label' .a whole number"),
        ("Diving48_V2_train", [{"vid_name": "a\n1", "label": 1}], r"entry 1 holds 'a\\n1 1'"),
        ("Diving48_V2_train", TRAIN + TRAIN[:1], "entry 3 lists _8Vy3dlHg2w_00000 again, after Diving48_V2_train.json"),
        ("Diving48_V2_test", TRAIN[:1], "entry 1 lists _8Vy3dlHg2w_00000 again, after Diving48_V2_train.json"),
        ("Diving48_vocab", {"a": 1}, "expected a list of classes"),
        ("Diving48_vocab", [["Back"], []], "entry 2 holds .*expected a list of words"),
        ("Diving48_vocab", [["Back"], ["a", 1]], "entry 2 holds"),
        ("Diving48_vocab", [["Back"], ["Back"]], "names a class twice"),
    ],
)
def test_lists_that_cannot_be_right_name_the_entry(tmp_path, name, content, words):
    write_files(tmp_path, lists(**{name: content}))
    with pytest.raises(UserError, match=words) as error:
        read_diving48(tmp_path)
    assert "\n" not in str(error.value)


def test_the_list_of_classes_is_needed(tmp_path):
    write_files(tmp_path, lists())
    (tmp_path / "Diving48_vocab.json").unlink()
    with pytest.raises(UserError, match=r"Diving48_vocab\.json cannot be read"):
        read_diving48(tmp_path)


def test_the_official_classes_are_as_published(shared_data, tmp_path):
    names = (shared_data / "splits" / "diving48" / "label_map_diving48.txt").read_text().splitlines()
    read = read_diving48(write_files(tmp_path, lists(Diving48_vocab=[name.split("+") for name in names])))
    assert read.classes["label"] == names and len(names) == 48
    assert "Diving48_V2_train.json lists 2 videos; published: 15,027" in read.notes[0]
