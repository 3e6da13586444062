"""ESC-50: folds, the order of targets, and parts of it."""

import collections

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.esc50 import list_esc50, read_esc50
from tests.preparation.layouts.files import touch, write_files

HEADER = "filename,fold,target,category,esc10,src_file,take\n"
ROWS = (
    HEADER
    + "1-7-A-12.wav,1,12,fire,True,7,A\n1-10-A-0.wav,1,0,dog,True,10,A\n"
    + "5-9-A-3.wav,5,3,cow,False,9,A\n../../etc/passwd,2,3,cow,False,8,A\n"
)
SOUNDS = ("audio/1-7-A-12.ogg", "audio/1-10-A-0.wav", "audio/5-9-A-3.flac")


@pytest.mark.parametrize("place", ["meta/esc50.csv", "some.csv"])
def test_folds_groups_and_the_order_of_targets(tmp_path, place):
    touch(write_files(tmp_path, {place: ROWS, "other.csv": "a,b\n", "bytes.csv": "\x00"}), *SOUNDS)
    listing = list_esc50(tmp_path)
    assert [source.name for source in listing.sources] == list(SOUNDS)
    assert [source.split for source in listing.sources] == ["train", "train", "test"]
    assert listing.sources[0].labels == {"label": "fire", "fold": "1", "group": "7"}
    assert listing.classes == {"label": ["dog", "cow", "fire"], "fold": ["1", "2", "5"], "group": ["7", "8", "9", "10"]}
    assert listing.missing == {"train": ["../../etc/passwd"]}
    assert listing.folds == ("fold",) and "fold 5" in str(listing.split_rule)
    assert len(listing.notes) == 1 and "lists 4 clips; published: 2,000" in listing.notes[0]


def test_missing_sounds_change_no_class(tmp_path):
    touch(write_files(tmp_path, {"meta/esc50.csv": ROWS}), SOUNDS[0])
    listing = list_esc50(tmp_path)
    assert listing.classes["label"] == ["dog", "cow", "fire"]
    assert listing.missing == {"train": ["1-10-A-0.wav", "../../etc/passwd"], "test": ["5-9-A-3.wav"]}


def test_the_list_is_next_to_the_sounds_or_where_the_user_says(tmp_path):
    touch(write_files(tmp_path, {"esc/meta/esc50.csv": ROWS, "lists/a.csv": ROWS, "lists/b.csv": ROWS}), *SOUNDS)
    (tmp_path / "audio").rename(tmp_path / "esc" / "audio")
    assert len(list_esc50(tmp_path / "esc" / "audio").sources) == 3
    assert len(list_esc50(tmp_path / "esc" / "audio", tmp_path / "lists" / "b.csv").sources) == 3
    with pytest.raises(UserError, match=r"holds 2 lists \(a\.csv, b\.csv\).*--annotations FILE"):
        list_esc50(tmp_path / "esc", tmp_path / "lists")
    with pytest.raises(UserError, match="found no list files"):
        list_esc50(tmp_path)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.wav,1,x,dog,True,1,A", r"list\.csv, line 2 holds 'a\.wav,1,x.*whole numbers"),
        ("a.wav,,1,dog,True,1,A", "line 2 holds"),
        (f"a.wav,1,{'9' * 5000},dog,True,1,A", "line 2 holds"),
        ("a.wav,1,1,dog,True,1,A\na.wav,2,1,dog,True,1,A", r"line 3 lists a\.wav again"),
        ("a.wav,1,1,dog,True,1,A\nb.wav,2,2,dog,True,1,A", "line 3 gives dog the target 2; expected 1"),
        ("a.wav,1,1,dog,True,1,A\nb.wav,2,1,cow,True,1,A", "two categories one target"),
    ],
)
def test_lists_that_cannot_be_right_name_the_line(tmp_path, row, words):
    write_files(tmp_path, {"list.csv": HEADER + row})
    with pytest.raises(UserError, match=words):
        read_esc50(tmp_path / "list.csv")


def test_another_file_is_refused(tmp_path):
    write_files(tmp_path, {"list.csv": "filename,fold\n"})
    with pytest.raises(UserError, match="has the columns filename, fold; expected also target, category, src_file"):
        list_esc50(tmp_path, tmp_path / "list.csv")


def test_the_official_list_is_as_published(shared_data):
    lists = read_esc50(shared_data / "splits" / "esc50" / "esc50.csv")
    assert lists.notes == [] and len(lists.listed) == 2_000
    classes = lists.classes["label"]
    assert len(classes) == 50 and (classes[0], classes[49]) == ("dog", "hand_saw")
    assert collections.Counter(item.labels["fold"] for item in lists.listed) == dict.fromkeys("12345", 400)


def test_official_folds_share_no_recording_but_four_that_hold_two_classes(shared_data):
    places = collections.defaultdict(dict)
    for item in read_esc50(shared_data / "splits" / "esc50" / "esc50.csv").listed:
        folds = places[item.labels["group"]]
        # Within a class a recording never leaves its fold.
        assert folds.setdefault(item.labels["label"], item.labels["fold"]) == item.labels["fold"]
    shared = {group: folds for group, folds in places.items() if len(set(folds.values())) > 1}
    assert shared == {
        "131943": {"clock_tick": "2", "clock_alarm": "3"},
        "134049": {"hen": "2", "rooster": "3"},
        "209698": {"clock_alarm": "4", "clock_tick": "5"},
        "234879": {"hen": "4", "rooster": "5"},
    }


def test_the_subset_beside_its_sounds_is_found(shared_data):
    listing = list_esc50(shared_data / "esc10_ogg")
    assert len(listing.sources) == 200 and not listing.missing
    assert len(listing.classes["label"]) == 10 and listing.classes["label"][0] == "dog"
