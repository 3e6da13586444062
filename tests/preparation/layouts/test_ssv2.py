"""Something-Something v2: both names of its lists, brackets, and test videos without labels."""

import json

import pytest

from brave_tf.errors import UserError
from brave_tf.preparation.layouts.ssv2 import list_ssv2, read_ssv2
from tests.preparation.layouts.files import touch, write_files

LABELS = {"Holding something next to something": "1", "Something falling like a rock": "0", "Turning the camera": "2"}
TRAIN = [
    {
        "id": "78687",
        "label": "holding potato next to vicks vaporub bottle",
        "template": "Holding [something] next to [something]",
        "placeholders": ["potato", "vicks vaporub bottle"],
    },
    {"id": "42326", "label": "a stone falling like a rock", "template": "[Something] falling like a rock"},
]
VALIDATION = [{"id": "74225", "label": "turning the camera", "template": "Turning the camera", "placeholders": []}]
TEST = [{"id": "1420"}]
CONTENT = {"labels": LABELS, "train": TRAIN, "validation": VALIDATION, "test": TEST}


def lists(prefix: str = "", **changes: object) -> dict[str, str]:
    return {f"{prefix}{name}.json": json.dumps(content) for name, content in (CONTENT | changes).items()}


@pytest.mark.parametrize("prefix", ["something-something-v2-", ""])
@pytest.mark.parametrize("place", ["", "labels/", "annotations/", "../labels/"])
def test_videos_have_their_template_without_brackets(tmp_path, prefix, place):
    source = tmp_path / "20bn-something-something-v2"
    write_files(source, lists(place + prefix))
    touch(source, "78687.webm", "42326.webm", "74225.mp4", "1420.webm", "5.webm")
    listing = list_ssv2(source)
    found = {item.name: (item.split, item.labels) for item in listing.sources}
    assert found == {
        "78687.webm": ("train", {"label": "Holding something next to something", "official": "train"}),
        "42326.webm": ("train", {"label": "Something falling like a rock", "official": "train"}),
        "74225.mp4": ("validation", {"label": "Turning the camera", "official": "validation"}),
        "1420.webm": ("test", {}),
    }
    assert listing.classes == {
        "label": ["Something falling like a rock", "Holding something next to something", "Turning the camera"],
        "official": ["train", "validation"],
    }
    assert listing.folds == ("official",) and listing.ignored == {"not listed": 1} and not listing.missing
    assert listing.notes == [f"ssv2: {prefix}labels.json lists 3 classes; published: 174 (and 3 more figures differ)"]


def test_missing_videos_and_lists_change_no_class(tmp_path):
    write_files(tmp_path, lists())
    (tmp_path / "test.json").unlink()
    touch(tmp_path, "videos/42326.webm")
    listing = list_ssv2(tmp_path)
    assert len(listing.classes["label"]) == 3
    assert listing.missing == {"train": ["78687.webm"], "validation": ["74225.webm"]}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("train", [{"id": "../../etc/passwd", "template": "Turning the camera"}], r"train\.json, entry 1 holds '\.\./"),
        ("train", [{"id": 7, "template": "Turning the camera"}], "entry 1 holds .*expected an object with 'id'"),
        ("train", [{"id": "7", "label": "x"}], "entry 1 holds .*expected an object with 'id' .*'template'"),
        ("train", [{"id": "7", "template": "Turning"}], "entry 1 holds 'Turning'; expected a template that is one"),
        ("train", [{"id": "7", "template": ""}], "entry 1 holds ''; expected a template"),
        ("train", TRAIN + TRAIN[:1], "entry 3 lists 78687 again"),
        ("validation", TRAIN[:1], r"validation\.json, entry 1 lists 78687 again, after train\.json"),
        ("test", [{"id": "42326"}], r"test\.json, entry 1 lists 42326 again, after train\.json"),
        ("test", {"id": "42326"}, r"test\.json holds .*expected a list of objects"),
        ("labels", ["a", "b"], r"labels\.json holds .*expected an object of labels"),
        ("labels", {}, r"labels\.json holds .*expected an object of labels"),
        ("labels", {"a": "0", "b": "2"}, "does not number its 2 labels from 0 to 1"),
        ("labels", {"a": "0", "b": "0"}, "does not number its 2 labels from 0 to 1"),
        ("labels", {"a\ud800": "0"}, "expected labels that can be read"),
    ],
)
def test_lists_that_cannot_be_right_name_the_entry(tmp_path, name, content, words):
    write_files(tmp_path, lists(**{name: content}))
    with pytest.raises(UserError, match=words) as error:
        read_ssv2(tmp_path)
    assert "\n" not in str(error.value)


def test_two_releases_in_one_folder_and_lacking_labels_are_refused(tmp_path):
    write_files(tmp_path, lists() | {"something-something-v2-train.json": "[]"})
    with pytest.raises(UserError, match=r"holds something-something-v2-train\.json and train\.json; expected one"):
        read_ssv2(tmp_path)
    (tmp_path / "something-something-v2-train.json").unlink()
    (tmp_path / "labels.json").unlink()
    with pytest.raises(UserError, match=r"holds test\.json, train\.json, validation\.json and no labels\.json"):
        read_ssv2(tmp_path)


def test_the_official_labels_are_as_published(shared_data, tmp_path):
    names = (shared_data / "splits" / "sthv2" / "label_map_sthv2.txt").read_text().splitlines()
    template = "Pretending to pour [something] out of [something], but [something] is empty"
    labels = {name: str(index) for index, name in enumerate(names)}
    write_files(tmp_path, lists(labels=labels, train=[{"id": "1", "template": template}], validation=[]))
    read = read_ssv2(tmp_path)
    assert read.classes["label"] == names and len(names) == 174 and names == sorted(names)
    assert [item.labels.get("label") for item in read.listed] == [template.translate({91: None, 93: None}), None]
    assert "lists 1 videos; published: 168,913" in read.notes[0]
    # The classes that docs/reproducing.md warns of.
    assert sum("left to right" in name or "right to left" in name for name in names) == 4
    assert sum(name.startswith(("Turning the camera left", "Turning the camera right")) for name in names) == 2
