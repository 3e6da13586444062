"""HMDB51: codes, odd names, and the first 20 seconds."""

import collections

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.hmdb51 import list_hmdb51, read_hmdb51
from brave_tf.preparation.media import MediaSettings, read_clips
from tests.preparation.layouts.files import below, touch, write_files, write_video

ODD = "#20_Rhythm_&_(b)_[c];_~!@+_wave.avi"
LISTS = {
    "wave_test_split1.txt": f"{ODD} 1 \nwith space.avi 2 \n../../etc/passwd 1 \nrest.avi 0 \n",
    "wave_test_split2.txt": f"{ODD} 2 \nwith space.avi 1 \nrest.avi 0 \n",
    "wave_test_split3.txt": f"{ODD} 0 \nwith space.avi 0 \nrest.avi 1 \n",
    **{f"sit_test_split{split}.txt": "rest.avi 1 \n" for split in (1, 2, 3)},
}


@pytest.fixture
def source(tmp_path):
    write_files(tmp_path, below("testTrainMulti_7030_splits", LISTS))
    return touch(tmp_path, f"hmdb/wave/{ODD}", "hmdb/wave/with space.avi", "hmdb/wave/rest.avi", "hmdb/run/rest.avi")


def test_codes_are_sides_and_names_may_be_odd(source):
    listing = list_hmdb51(source)
    found = {source.name: source for source in listing.sources}
    assert found[f"hmdb/wave/{ODD}"].labels == {"label": "wave", "split1": "train", "split2": "test"}
    assert found["hmdb/wave/rest.avi"].labels == {"label": "wave", "split3": "train"}
    assert {name.split("/")[-1]: found[name].split for name in found} == {
        ODD: "train",
        "with space.avi": "test",
        "rest.avi": "unused",
    }
    assert {source.end_seconds for source in listing.sources} == {20.0}
    assert listing.missing == {"train": ["sit/rest.avi", "wave/../../etc/passwd"]}
    assert listing.ignored == {"not listed": 1}
    assert listing.classes["label"] == ["sit", "wave"] and listing.folds == ("split1", "split2", "split3")
    assert "published: 51" in listing.notes[0] and len(listing.notes) == 1


def test_a_video_shorter_than_twenty_seconds_is_whole(tmp_path):
    settings = MediaSettings(16, None, 3600.0)
    (clip,) = read_clips(write_video(tmp_path / "a.avi", seconds=1.0), settings, end_seconds=20.0)
    assert len(clip.frames) == 25


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("name.avi 3", r"split2\.txt, line 1 holds 'name\.avi 3'; expected a file name and 1"),
        ("name.avi", "line 1 holds 'name.avi'"),
        ("name.avi 1\nname.avi 2", r"line 2 lists name\.avi a second time"),
    ],
)
def test_lists_that_cannot_be_right_name_the_line(tmp_path, line, words):
    write_files(tmp_path, LISTS | {"wave_test_split2.txt": line})
    with pytest.raises(UserError, match=words):
        read_hmdb51(tmp_path)


def test_a_lacking_list_is_named(tmp_path):
    write_files(tmp_path, LISTS)
    (tmp_path / "sit_test_split3.txt").unlink()
    with pytest.raises(UserError, match=r"sit_test_split3\.txt cannot be read"):
        read_hmdb51(tmp_path)


def test_the_official_lists_are_as_published(shared_data):
    lists = read_hmdb51(shared_data / "splits" / "hmdb51")
    classes = lists.classes["label"]
    assert lists.notes == [] and len(lists.listed) == 6_766
    assert len(classes) == 51 and (classes[0], classes[50]) == ("brush_hair", "wave") and classes == sorted(classes)
    for split in lists.folds:
        counts = collections.Counter((item.labels["label"], item.labels.get(split)) for item in lists.listed)
        assert {counts[name, "train"] for name in classes} == {70}
        assert {counts[name, "test"] for name in classes} == {30}
