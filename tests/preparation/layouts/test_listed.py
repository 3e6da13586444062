"""Listed files against present ones: extensions, class folders, copies, links, and what is not there."""

import os

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.list_files import (
    differences,
    find_list_folder,
    read_entries,
    read_json,
    read_lines,
    read_rows,
)
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import Reach
from tests.preparation.layouts.files import touch, write_files


def lists(*listed, files=()):
    return Lists("some", list(files), list(listed), classes={"label": ["a", "b", "c"]})


def listed(file, folder=None, split="train"):
    return Listed(file, split, {"label": folder or "a"}, folder=folder)


def names(listing):
    return [source.name for source in listing.sources]


def test_any_media_extension_will_do_and_the_listed_one_is_preferred(tmp_path):
    touch(tmp_path, "x/one.ogg", "x/two.WAV", "x/two.AAC", "x/three.txt", "x/four.5.mp3")
    found = match(tmp_path, lists(listed("one.wav"), listed("two.wav"), listed("three.wav"), listed("four.5.wav")))
    assert names(found) == ["x/one.ogg", "x/two.WAV", "x/four.5.mp3"]
    assert found.missing == {"train": ["three.wav"]}
    assert found.ignored == {".txt": 1, "other copies of listed files": 1}


def test_the_class_folder_counts_where_there_is_one(tmp_path):
    touch(tmp_path, "videos/a/x.avi", "videos/b/x.avi", "videos/b/y.avi", "z.avi")
    found = match(tmp_path, lists(listed("x.avi", "b"), listed("y.avi", "a", "test"), listed("z.avi", "a")))
    assert names(found) == ["videos/b/x.avi"] and found.ignored == {"not listed": 3}
    assert found.missing == {"test": ["a/y.avi"], "train": ["a/z.avi"]}
    flat = match(tmp_path, lists(listed("x.avi", "b"), listed("y.avi", "a"), listed("z.avi", "a")), may_be_flat=True)
    assert names(flat) == ["videos/b/x.avi", "z.avi"] and flat.missing == {"train": ["a/y.avi"]}


@pytest.mark.parametrize("name", ["../outside/x.avi", "../../etc/passwd", "/etc/passwd", "a/../x.avi", "..", ""])
def test_names_that_lead_elsewhere_are_merely_missing(tmp_path, name):
    touch(tmp_path, "outside/x.avi", "source/a/x.avi")
    whole = str(tmp_path / "outside" / "x.avi")
    found = match(tmp_path / "source", lists(listed("x.avi"), listed(name), listed(whole)))
    assert names(found) == ["a/x.avi"] and found.missing == {"train": [name, whole]}
    assert [source.path for source in found.sources] == [tmp_path / "source" / "a" / "x.avi"]


def test_links_out_of_the_source_are_not_followed(tmp_path):
    touch(tmp_path, "outside/x.avi", "source/y.avi")
    source = tmp_path / "source"
    (source / "x.avi").symlink_to(tmp_path / "outside" / "x.avi")
    (source / "folder").symlink_to(tmp_path / "outside")
    (source / "z.avi").symlink_to(source / "y.avi")
    found = match(source, lists(listed("x.avi"), listed("y.avi"), listed("z.avi")))
    assert names(found) == ["y.avi", "z.avi"] and found.missing == {"train": ["x.avi"]}
    assert found.ignored == {"links out of the source": 1, "linked folders out of the source": 1}
    assert found.notes == [
        "linked folders out of the source: folder; --follow-links all follows them",
        "links out of the source: x.avi; --follow-links all follows them",
    ]
    with pytest.raises(UserError, match="links out of it are not followed without --follow-links all"):
        match(source, lists(listed("x.avi")))
    with pytest.raises(UserError, match="links are not followed with --follow-links none"):
        match(source, lists(listed("x.avi")), Reach("none"))
    assert names(match(source, lists(listed("x.avi"), listed("z.avi")), Reach("all"))) == ["folder/x.avi", "z.avi"]


def test_linked_folders_may_be_class_folders(tmp_path):
    touch(tmp_path, "source/.store/17/x.avi", "source/b/x.avi")
    (tmp_path / "source" / "a").symlink_to(".store/17")
    found = match(tmp_path / "source", lists(listed("x.avi", "a"), listed("x.avi", "b", "test")))
    assert names(found) == ["a/x.avi", "b/x.avi"] and found.ignored == {"hidden folders": 1}


def test_a_folder_without_permission_is_counted_as_in_any_layout(tmp_path, monkeypatch):
    touch(tmp_path, "a/x.avi", "closed/y.avi")
    scandir = os.scandir

    def refuse(path):
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = match(tmp_path, lists(listed("x.avi"), listed("y.avi")))
    assert names(found) == ["a/x.avi"] and found.missing == {"train": ["y.avi"]}
    assert found.ignored == {"folders without permission": 1}
    assert found.notes == ["folders without permission: closed"]


def test_hidden_files_and_the_lists_themselves_do_not_count(tmp_path):
    write_files(tmp_path, {"list.csv": "", "x.avi": "", ".git/x.avi": "", "._x.avi": "", "readme": ""})
    (tmp_path / "way").symlink_to(tmp_path)
    found = match(tmp_path / "way", lists(listed("x.avi"), files=[tmp_path / "list.csv"]))
    assert names(found) == ["x.avi"]
    assert found.ignored == {
        "no extension": 1,
        "hidden files": 1,
        "hidden folders": 1,
        "links in loops": 1,
    }


def test_nothing_of_what_is_listed_says_what_is_there(tmp_path):
    touch(tmp_path, "other.avi")
    with pytest.raises(
        UserError, match=r"1 media files, such as other\.avi; expected some of the 1 files .* such as a/x"
    ):
        match(tmp_path, lists(listed("x.avi", "a")))


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"a\nb\xff\n", "cannot be read"), (b'a,"b\nc', r"line 1 is no CSV"), (b'a\n"b\nc"\n', r"line 2 holds 'b\\nc'")],
)
def test_lists_that_are_no_text_are_refused(tmp_path, text, words):
    (tmp_path / "list.csv").write_bytes(text)
    with pytest.raises(UserError, match=words) as error:
        list(read_rows(tmp_path / "list.csv"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("read", [read_lines, read_rows, read_json])
def test_a_list_that_is_a_pipe_is_not_opened(tmp_path, read):
    os.mkfifo(tmp_path / "list")
    with pytest.raises(UserError, match="list is a pipe, a socket or a device; expected a list file"):
        list(read(tmp_path / "list"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", r"list is no JSON \(Expecting value: line 1 column 2"),
        ("[" * 100_000, "list is no JSON"),
        ("1" * 10_000, "list is no JSON"),
        ("{}", r"list holds '\{\}'; expected a list of objects with 'id' \(text\), 'n' \(a whole number\)"),
        ('[{"id": "a", "n": 1}, {"id": "a"}]', r"entry 2 holds '\{\"id\": \"a\"\}'; expected an object with 'id'"),
        ('[{"id": "a", "n": true}]', "entry 1 holds"),
        ('[{"id": 1, "n": 1}]', "entry 1 holds"),
        ('[["id"]]', "entry 1 holds"),
    ],
)
def test_json_lists_that_cannot_be_right_name_the_entry(tmp_path, text, words):
    (tmp_path / "list").write_text(text)
    with pytest.raises(UserError, match=words) as error:
        list(read_entries(tmp_path / "list", {"id": str, "n": int}))
    assert "\n" not in str(error.value) and len(str(error.value)) < 600


def test_a_folder_of_lists_without_permission_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    # Which one pathlib calls depends on the version of Python.
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, refuse)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\); make it readable"):
        find_list_folder(tmp_path, None, [], str, "lists")


def test_figures_that_differ_are_one_line():
    assert differences("some", [("{} videos", 1_000, 1_000)]) == []
    assert differences("some", [("{} videos", 10, 1_000)]) == ["some: 10 videos; published: 1,000"]
    assert differences("some", [("a {c} lists {} videos", 10, 1_000), ("{}", 1, 2)]) == [
        "some: a {c} lists 10 videos; published: 1,000 (and 1 more figures differ)"
    ]
