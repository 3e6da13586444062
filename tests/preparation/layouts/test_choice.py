"""Which layout reads a source, and what it refuses."""

import os

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import in_order
from brave_tf.preparation.layouts.choice import BENCHMARKS, default_clip_seconds, list_source
from brave_tf.preparation.layouts.walk import Reach
from tests.preparation.layouts.files import touch, ucf101_lists, write_files


def test_folders_and_lists_name_their_layout_and_have_no_official_classes(tmp_path):
    touch(write_files(tmp_path, {"list.csv": "path\nx.mp4\n"}), "x.mp4")
    for source, layout in ((tmp_path, "folder"), (tmp_path / "list.csv", "csv")):
        listing = list_source(source)
        assert listing.layout == layout and not listing.classes and not listing.missing and listing.folds == ()


def test_whole_files_are_kept_where_the_protocol_takes_windows_over_them():
    seconds = {name: default_clip_seconds(name) for name in ("auto", "folder", "csv", *BENCHMARKS)}
    whole = {name for name, value in seconds.items() if value == 3600}
    assert whole == {"ucf101", "hmdb51", "esc50", "ssv2", "diving48"}
    assert set(seconds.values()) == {10.0, 3600.0}


@pytest.mark.parametrize("layout", BENCHMARKS)
def test_what_does_not_fit_is_one_line(tmp_path, layout):
    file = touch(tmp_path, "x.mp4") / "x.mp4"
    for source, annotations, words in (
        (file, None, "is a file; expected a folder"),
        (tmp_path / "none", None, "does not exist"),
        (tmp_path, tmp_path / "none", "received --annotations .*none, which does not exist"),
        (tmp_path, None, "found no list files in .*; expected .*; say where they are with --annotations"),
    ):
        with pytest.raises(UserError, match=words) as error:
            list_source(source, layout, annotations=annotations)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("layout", ["auto", "csv"])
def test_a_pipe_is_no_source(tmp_path, layout):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe is neither a file nor a folder; expected a CSV file, or a folder"):
        list_source(tmp_path / "pipe", layout)


@pytest.mark.parametrize(("mode", "count"), [("inside", 1), ("all", 2), ("none", 1)])
def test_every_layout_of_folders_follows_the_links_that_it_is_told_to(tmp_path, mode, count):
    source = touch(tmp_path / "source", "YoYo/v_YoYo_g01_c01.avi")
    write_files(source, ucf101_lists())
    outside = touch(tmp_path / "outside", "v_YoYo_g02_c01.avi") / "v_YoYo_g02_c01.avi"
    (source / "YoYo" / outside.name).symlink_to(outside)
    for layout in ("folder", "ucf101"):
        assert len(list_source(source, layout, reach=Reach(mode)).sources) == count


def test_a_folder_of_nothing_but_links_says_how_to_follow_them(tmp_path):
    outside = touch(tmp_path / "outside", "x.mp4")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link").symlink_to(outside)
    with pytest.raises(UserError, match="holds no media files; links out of it are not followed without --follow-l"):
        list_source(tmp_path / "source")
    assert len(list_source(tmp_path / "source", reach=Reach("all")).sources) == 1


@pytest.mark.parametrize("layout", ["auto", "folder"])
def test_folders_take_no_annotations(tmp_path, layout):
    with pytest.raises(UserError, match="received --annotations with the layout folder; expected"):
        list_source(touch(tmp_path, "x.mp4"), layout, annotations=tmp_path)


def test_long_numbers_as_labels_go_by_the_alphabet():
    assert in_order(["10", "9", "9"]) == ["9", "10"]
    assert in_order(["9" * 5000, "10", "9"]) == ["10", "9", "9" * 5000]
