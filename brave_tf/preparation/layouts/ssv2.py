"""Something-Something v2: JSON files of numbered videos, with 174 templates as classes (Goyal et al. 2017)."""

import re
from collections.abc import Sequence
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import (
    differences,
    excerpt,
    find_list_folder,
    malformed,
    names_in,
    read_entries,
    read_json,
)
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDERS = ("labels", "annotations")
SPLITS = ("train", "validation", "test")
OFFICIAL = "official"
"""Label column of what the benchmark trains and tests on."""
PUBLISHED_CLASSES = 174
PUBLISHED_VIDEOS = {"train": 168_913, "validation": 24_777, "test": 27_157}
_LIST = re.compile(rf"(?:something-something-v2-)?(labels|{'|'.join(SPLITS)})\.json")
_BRACKETS = str.maketrans("", "", "[]")


def list_ssv2(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists Something-Something v2 as its authors ship it.

    Videos are called by their number, such as 78687.webm. Label columns: `label`, the template without brackets,
    absent from the test videos, and `official`, train or validation. The splits are train, validation and test,
    whichever lists there are.

    Args:
        folder: a folder with the videos anywhere below it.
        annotations: the folder of the JSON files; None to find them in the source, or in `labels` or `annotations` in
            or next to it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent, malformed or contradict each other, or no listed video is there.
    """
    expected = "labels.json, and train.json, validation.json or test.json, with or without something-something-v2-"
    return match(
        folder, read_ssv2(find_list_folder(folder, annotations, LISTS_FOLDERS, _LIST.fullmatch, expected)), reach
    )


def read_ssv2(folder: Path) -> Lists:
    """Reads the list files of Something-Something v2; lists of splits that are not there are passed over.

    Raises:
        UserError: one is malformed, there are two of a split, there are no labels, or they contradict each other.
    """
    files = _find_files(folder)
    classes = _read_classes(files["labels"])
    splits = {split: _read_videos(files[split], split != "test", classes) for split in SPLITS if split in files}
    owners: dict[str, str] = {}
    for split, videos in splits.items():
        for video, (place, _) in videos.items():
            if video in owners:
                raise UserError(
                    f"{place} lists {video} again, after {files[owners[video]].name}; expected every video once; use "
                    "the list files as their authors ship them"
                )
            owners[video] = split
    figures = [(f"{files['labels'].name} lists {{}} classes", len(classes), PUBLISHED_CLASSES)]
    for split, videos in splits.items():
        figures.append((f"{files[split].name} lists {{}} videos", len(videos), PUBLISHED_VIDEOS[split]))
    return Lists(
        "ssv2",
        list(files.values()),
        [
            Listed(f"{video}.webm", split, {"label": label, OFFICIAL: split} if label else {})
            for split, videos in splits.items()
            for video, (_, label) in videos.items()
        ],
        classes={"label": classes, OFFICIAL: ["train", "validation"]},
        folds=(OFFICIAL,),
        notes=differences("ssv2", figures),
        split_rule="the official lists; the column official leaves out the test videos, which have no labels",
    )


def _find_files(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name in names_in(folder):
        if found := _LIST.fullmatch(name):
            if found[1] in files:
                raise UserError(
                    f"{folder} holds {files[found[1]].name} and {name}; expected one of them; keep the lists of one "
                    "release in a folder and name it with --annotations"
                )
            files[found[1]] = folder / name
    if "labels" not in files:
        raise UserError(
            f"{folder} holds {', '.join(file.name for file in files.values())} and no labels.json; expected it beside "
            "them; use the list files as their authors ship them"
        )
    return files


def _read_classes(file: Path) -> list[str]:
    """Class names in the order of their indices."""
    content = read_json(file)
    if not isinstance(content, dict) or not content:
        raise malformed(str(file), excerpt(content), "an object of labels and their indices")
    names = {str(index): label for label, index in content.items()}
    for label in content:
        if not label or not label.isprintable():
            raise malformed(str(file), label, "labels that can be read")
    if sorted(names) != sorted(map(str, range(len(content)))):
        raise UserError(
            f"{file} does not number its {len(content)} labels from 0 to {len(content) - 1}; expected each index once; "
            "use the list files as their authors ship them"
        )
    return [names[str(index)] for index in range(len(content))]


def _read_videos(file: Path, has_labels: bool, classes: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Place and label of every video by its number; the label is empty where there are none."""
    known = set(classes)
    videos: dict[str, tuple[str, str]] = {}
    for place, entry in read_entries(file, {"id": str, "template": str} if has_labels else {"id": str}):
        video, template = entry["id"], entry["template"] if has_labels else ""
        if not (video.isascii() and video.isdecimal()):
            raise malformed(place, video, "a number as the id")
        label = template.translate(_BRACKETS)
        if has_labels and label not in known:
            raise malformed(place, template, "a template that is one of the labels, with brackets")
        if video in videos:
            raise UserError(f"{place} lists {video} again; expected every video once; use the published list")
        videos[video] = (place, label)
    return videos
