"""AudioSet: CSV files of YouTube segments, each with several of 527 classes (Gemmeke et al. 2017)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import differences, find_list_folder, malformed, read_rows, read_table
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "annotations"
CLASS_LIST = "class_labels_indices.csv"
SUBSETS = {"balanced_train": "train", "unbalanced_train": "train", "eval": "test"}
PUBLISHED_CLASSES = 527
_ID_CHARACTERS = 11
_TIME = r"\d+(?:\.\d+)?"
_SEGMENT = re.compile(rf"[A-Za-z0-9_-]{{{_ID_CHARACTERS}}} {_TIME} {_TIME}")
_TIMES = re.compile(rf"(?:_{_TIME}){{0,2}}")


def list_audioset(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists AudioSet by its authors' CSV files.

    Files are already cut to their segments and called by the video's id, which occurs once: ID, YID, ID_START or
    ID_START_END, in seconds or milliseconds. Label columns: `label`, with several names, and `subset` (balanced_train,
    unbalanced_train or eval). The first two are the split train, eval is test.

    Args:
        folder: a folder with the media anywhere below it.
        annotations: the folder of the CSV files; None to find them in the source, or in `annotations` in or next to it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent, malformed or contradict each other, or no listed file is there.
    """
    names = {_list_name(subset) for subset in SUBSETS}
    expected = f"{CLASS_LIST} and one or more of {', '.join(sorted(names))}"
    lists = read_audioset(find_list_folder(folder, annotations, [LISTS_FOLDER], names.__contains__, expected))
    ids = {item.file for item in lists.listed}
    return match(folder, lists, reach, key_of=lambda stem: _id_of(stem, ids))


def read_audioset(folder: Path) -> Lists:
    """Reads the list files of AudioSet; lists of segments that are not there are passed over.

    Raises:
        UserError: one is malformed, the list of classes is absent, or they contradict each other.
    """
    names = read_classes(folder / CLASS_LIST)
    files = [folder / CLASS_LIST]
    subsets: dict[str, str] = {}
    listed: list[Listed] = []
    for subset, split in SUBSETS.items():
        file = folder / _list_name(subset)
        if not file.is_file():
            continue
        files.append(file)
        for place, video, labels in _read_segments(file, names):
            if video in subsets:
                raise UserError(
                    f"{place} lists {video} again, after {_list_name(subsets[video])}; expected every id once; use the "
                    "list files as their authors ship them"
                )
            subsets[video] = subset
            listed.append(Listed(video, split, {"label": labels, "subset": subset}))
    return Lists(
        "audioset",
        files,
        listed,
        classes={"label": list(names.values()), "subset": list(SUBSETS)},
        notes=differences("audioset", [(f"{CLASS_LIST} lists {{}} classes", len(names), PUBLISHED_CLASSES)]),
        split_rule="balanced and unbalanced training segments train, evaluation segments test",
    )


def read_classes(file: Path) -> dict[str, str]:
    """Display names by machine identifier (mid), in the order of the official indices.

    Raises:
        UserError: the file is absent or malformed.
    """
    names: dict[str, str] = {}
    for place, row in read_table(file, ["index", "mid", "display_name"]):
        is_new = row["mid"] not in names and row["display_name"] not in names.values()
        if row["index"] != str(len(names)) or not row["mid"] or not row["display_name"] or not is_new:
            raise malformed(place, ",".join(row.values()), f"the index {len(names)}, a new mid and a new display name")
        names[row["mid"]] = row["display_name"]
    return names


def _list_name(subset: str) -> str:
    return f"{subset}_segments.csv"


def _read_segments(file: Path, names: Mapping[str, str]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Place, id and class names of every segment."""
    for place, cells in read_rows(file, comments=True):
        if len(cells) != 4 or not _SEGMENT.fullmatch(" ".join(cells[:3])):
            raise malformed(place, ", ".join(cells), 'an id of 11 characters, start, end, and "mid,mid"')
        mids = list(dict.fromkeys(mid.strip() for mid in cells[3].split(",")))
        if unknown := [mid for mid in mids if mid not in names]:
            raise UserError(f"{place} has the class {unknown[0]!r}; expected a mid of {CLASS_LIST}")
        yield place, cells[0], tuple(names[mid] for mid in mids)


def _id_of(stem: str, ids: set[str]) -> str:
    """The listed id that a file is called by, or the stem where there is none."""
    for first in (0, 1) if stem.startswith("Y") else (0,):
        last = first + _ID_CHARACTERS
        if stem[first:last] in ids and _TIMES.fullmatch(stem[last:]):
            return stem[first:last]
    return stem
