"""VGGSound: segments by id and second, files named in every usual way."""

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.vggsound import list_vggsound, read_vggsound
from tests.preparation.layouts.files import below, touch, write_files

LIST = (
    '--0PQM4-hqg,30,waterfall burbling,train\n---g-f_I2yQ,1,"female speech, woman speaking",test\n'
    "_bcdefghijk,0,playing erhu,train\n_bcdefghijk,120,playing erhu,train\n"
)


@pytest.mark.parametrize("place", [".", "annotations", "data", "../data"])
def test_segments_have_one_label_and_the_split_of_the_list(tmp_path, place):
    source = tmp_path / "vggsound"
    write_files(source, below(place, {"vggsound.csv": LIST}))
    touch(source, "video/--0PQM4-hqg_000030.mp4", "audio/---g-f_I2yQ_000001.wav", "video/other.mp4")
    listing = list_vggsound(source)
    assert [(item.name, item.split, item.labels) for item in listing.sources] == [
        ("video/--0PQM4-hqg_000030.mp4", "train", {"label": "waterfall burbling"}),
        ("audio/---g-f_I2yQ_000001.wav", "test", {"label": "female speech, woman speaking"}),
    ]
    assert listing.classes == {"label": ["female speech, woman speaking", "playing erhu", "waterfall burbling"]}
    assert listing.missing == {"train": ["_bcdefghijk_000000.mp4", "_bcdefghijk_000120.mp4"]}
    assert listing.ignored == {"not listed": 1} and listing.folds == ()
    assert listing.notes[0].startswith("vggsound: the lists name 3 classes; published: 309")


@pytest.mark.parametrize(
    "form", ["{}_000030", "{}_30", "{}_30.0", "{}_30_40", "{}_30000_40000", "{}_000030_000040", "{}"]
)
def test_files_are_named_by_id_and_second(tmp_path, form):
    touch(write_files(tmp_path, {"vggsound.csv": LIST}), f"{form.format('--0PQM4-hqg')}.mkv")
    (source,) = list_vggsound(tmp_path).sources
    assert source.labels == {"label": "waterfall burbling"}


@pytest.mark.parametrize("name", ["--0PQM4-hqg_000031", "--0PQM4-hqg-30", "Y--0PQM4-hqg_30", "_bcdefghijk", "--0PQM4"])
def test_other_names_are_not_listed(tmp_path, name):
    touch(write_files(tmp_path, {"vggsound.csv": LIST}), "_bcdefghijk_000120.mp4", f"{name}.mp4")
    listing = list_vggsound(tmp_path)
    assert len(listing.sources) == 1 and listing.ignored == {"not listed": 1}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("../../etc/pw,30,a,train", r"vggsound\.csv, line 1 holds '\.\./\.\./etc/pw,30,a,train'; expected an id of 11"),
        ("--0PQM4-hqg,-1,a,train", "line 1 holds"),
        ("--0PQM4-hqg,1,,train", "line 1 holds"),
        ("--0PQM4-hqg,1,a,validation", "line 1 holds"),
        ("--0PQM4-hqg,1,a", "line 1 holds"),
        ("--0PQM4-hqg,1,a,train\n--0PQM4-hqg,1,b,test", "line 2 lists --0PQM4-hqg at 1 s again, after .*line 1"),
    ],
)
def test_a_list_that_cannot_be_right_names_the_line(tmp_path, row, words):
    write_files(tmp_path, {"vggsound.csv": row})
    with pytest.raises(UserError, match=words) as error:
        read_vggsound(tmp_path)
    assert "\n" not in str(error.value)


def test_a_list_of_classes_names_those_without_segments(tmp_path):
    classes = (
        'waterfall burbling,1050,nature\n"female speech, woman speaking",9,people\nplaying erhu,9,music\nzebra,1,x\n'
    )
    write_files(tmp_path, {"vggsound.csv": LIST, "stat.csv": classes})
    assert read_vggsound(tmp_path).classes["label"][-1] == "zebra"
    write_files(tmp_path, {"stat.csv": "zebra,1,x\n"})
    with pytest.raises(UserError, match=r"stat\.csv lacks 3 labels of vggsound\.csv, such as 'female speech"):
        read_vggsound(tmp_path)


def test_the_official_classes_are_as_published(shared_data, tmp_path):
    classes = (shared_data / "splits" / "vggsound" / "stat.csv").read_text()
    lists = read_vggsound(write_files(tmp_path, {"vggsound.csv": LIST, "stat.csv": classes}))
    assert len(lists.classes["label"]) == 309 and not any("classes" in note for note in lists.notes)
