"""AudioSet: several names per segment, and files named in every usual way."""

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.audioset import list_audioset, read_audioset, read_classes
from tests.preparation.layouts.files import touch, write_files

COMMENTS = (
    "# Segments csv created Sun Mar  5 10:54:31 2017\n# num_ytids=3, num_segs=3\n# YTID, start_seconds, end_seconds\n"
)
CLASSES = 'index,mid,display_name\n0,/m/09x0r,"Speech"\n1,/m/05zppz,"Male speech, man speaking"\n2,/t/dd00003,"Rain"\n'
LISTS = {
    "class_labels_indices.csv": CLASSES,
    "balanced_train_segments.csv": COMMENTS
    + '--4gqARaEJE, 0.000, 10.000, "/m/05zppz,/m/09x0r"\nYbcdefghij_, 30.000, 40.000, "/t/dd00003"\n',
    "eval_segments.csv": COMMENTS + '#bcdefghijk is a comment\nZbcdefghijk, 22.500, 32.500, "/m/09x0r,/m/09x0r"\n',
}


def test_segments_have_several_names_and_a_subset(tmp_path):
    touch(write_files(tmp_path, LISTS), "--4gqARaEJE.mp4", "deep/er/Zbcdefghijk.m4a", "other.wav")
    listing = list_audioset(tmp_path)
    first, second = listing.sources
    assert (first.split, first.labels["subset"]) == ("train", "balanced_train")
    assert first.labels["label"] == ("Male speech, man speaking", "Speech")
    assert (second.split, second.labels) == ("test", {"label": ("Speech",), "subset": "eval"})
    assert listing.classes["label"] == ["Speech", "Male speech, man speaking", "Rain"]
    assert listing.missing == {"train": ["Ybcdefghij_"]} and listing.ignored == {"not listed": 1}
    assert listing.notes == ["audioset: class_labels_indices.csv lists 3 classes; published: 527"]


@pytest.mark.parametrize("video", ["--4gqARaEJE", "Ybcdefghij_", "Zbcdefghijk"])
@pytest.mark.parametrize(
    "form", ["{}", "Y{}", "{}_30", "{}_30.000_40.000", "Y{}_30000_40000", "{}_000030_000040", "Y{}_30.0"]
)
def test_files_are_named_by_the_id(tmp_path, video, form):
    touch(write_files(tmp_path, LISTS), f"audio/{form.format(video)}.flac")
    (source,) = list_audioset(tmp_path).sources
    everything = {item.file: item for item in read_audioset(tmp_path).listed}
    assert source.labels == everything[video].labels


@pytest.mark.parametrize("name", ["Zbcdefghijk-30", "XZbcdefghijk", "Zbcdefghijkl", "YZbcdefghijk_1_2_3", "bcdefghijk"])
def test_other_names_are_not_listed(tmp_path, name):
    touch(write_files(tmp_path, LISTS), "--4gqARaEJE.wav", f"{name}.wav")
    listing = list_audioset(tmp_path)
    assert len(listing.sources) == 1 and listing.ignored == {"not listed": 1}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "eval_segments.csv",
            COMMENTS + "../../etc/passwd, 0, 1, /m/09x0r\n",
            r"line 4 holds .*passwd.*expected an id of 11",
        ),
        ("eval_segments.csv", "Zbcdefghijk, 0.000, 10.000, /m/09x0r,/t/dd00003\n", "line 1 holds"),
        ("eval_segments.csv", "Zbcdefghijk, 0.000, 10.000, /m/none\n", "line 1 has the class '/m/none'"),
        ("eval_segments.csv", 'Zbcdefghijk, 0.000, 10.000, ""\n', "line 1 has the class ''"),
        ("eval_segments.csv", "--4gqARaEJE, 0, 10, /m/09x0r\n", "again, after balanced_train_segments.csv"),
        ("class_labels_indices.csv", CLASSES + "4,/m/x,Wind\n", r"line 5 holds '4,/m/x,Wind'; expected the index 3"),
        ("class_labels_indices.csv", CLASSES + "3,/m/x,Rain\n", "a new display name"),
        ("class_labels_indices.csv", "index,mid\n0,/m/x\n", "expected also display_name"),
    ],
)
def test_lists_that_cannot_be_right_name_the_line(tmp_path, name, text, words):
    write_files(tmp_path, LISTS | {name: text})
    with pytest.raises(UserError, match=words):
        read_audioset(tmp_path)


def test_the_list_of_classes_is_needed(tmp_path):
    write_files(tmp_path, LISTS)
    (tmp_path / "class_labels_indices.csv").unlink()
    with pytest.raises(UserError, match=r"class_labels_indices\.csv cannot be read"):
        read_audioset(tmp_path)


def test_the_official_classes_are_as_published(shared_data):
    names = list(read_classes(shared_data / "splits" / "audioset" / "class_labels_indices.csv").values())
    assert len(names) == 527 and names[:2] == ["Speech", "Male speech, man speaking"]
