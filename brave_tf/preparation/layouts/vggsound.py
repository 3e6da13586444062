"""VGGSound: a CSV file of YouTube segments of 10 s with 309 classes of sound (Chen, Xie, Vedaldi, Zisserman 2020)."""

import collections
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import differences, find_list_folder, malformed, read_rows
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDERS = ("annotations", "data")
LIST = "vggsound.csv"
CLASS_LIST = "stat.csv"
SPLITS = ("train", "test")
PUBLISHED_CLASSES = 309
_ROW = re.compile(r"[A-Za-z0-9_-]{11} \d{1,6} (?:train|test)")
_TIME = r"_(\d+)(?:\.\d+)?"
_NAME = re.compile(rf"(.{{11}})(?:{_TIME}(?:{_TIME})?)?")


def list_vggsound(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists VGGSound by its authors' CSV file.

    Files are already cut to their segments of 10 s and called ID_000030, by the second at which the segment starts;
    ID_30, ID_30_40 and ID_30000_40000 (milliseconds) will do, and ID alone where the list names it once. Label column:
    `label`.

    Args:
        folder: a folder with the media anywhere below it.
        annotations: the folder of the CSV file; None to find it in the source, or in `annotations` or `data` in or next
            to it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: the list is absent or malformed, or no listed file is there.
    """
    lists = read_vggsound(find_list_folder(folder, annotations, LISTS_FOLDERS, LIST.__eq__, LIST))
    starts: dict[str, list[int]] = collections.defaultdict(list)
    for item in lists.listed:
        video, start = item.file[:11], item.file[12:18]
        starts[video].append(int(start))
    return match(folder, lists, reach, key_of=lambda stem: _key_of(stem, starts))


def read_vggsound(folder: Path) -> Lists:
    """Reads the list file of VGGSound.

    Classes go by the alphabet; a `stat.csv` in the same folder names those of which the list has no segment, too.

    Raises:
        UserError: it is absent or malformed, or lists a segment twice.
    """
    places: dict[str, str] = {}
    listed: list[Listed] = []
    for place, cells in read_rows(folder / LIST):
        if len(cells) != 4 or not cells[2] or not _ROW.fullmatch(" ".join([*cells[:2], cells[3]])):
            raise malformed(place, ",".join(cells), "an id of 11 characters, a second, a label, and train or test")
        video, start, label, split = cells
        file = _file(video, int(start)) + ".mp4"
        if file in places:
            raise UserError(
                f"{place} lists {video} at {int(start)} s again, after {places[file]}; expected every segment once; "
                "use the list file as its authors ship it"
            )
        places[file] = place
        listed.append(Listed(file, split, {"label": label}))
    classes, files = _classes(folder, {str(item.labels["label"]) for item in listed})
    return Lists(
        "vggsound",
        [folder / LIST, *files],
        listed,
        classes={"label": classes},
        notes=differences("vggsound", [("the lists name {} classes", len(classes), PUBLISHED_CLASSES)]),
        split_rule=f"as {LIST} gives it",
    )


def _classes(folder: Path, labels: Collection[str]) -> tuple[list[str], list[Path]]:
    """Classes in their order, and the list of them, if there is one."""
    file = folder / CLASS_LIST
    if not file.is_file():
        return sorted(labels), []
    classes = {cells[0] for _, cells in read_rows(file)}
    if unknown := sorted(set(labels) - classes):
        raise UserError(
            f"{file} lacks {len(unknown)} labels of {LIST}, such as {unknown[0]!r}; expected all of them; use the file "
            "of the same release, or take it away"
        )
    return sorted(classes), [file]


def _file(video: str, start: int) -> str:
    return f"{video}_{start:06d}"


def _key_of(stem: str, starts: Mapping[str, list[int]]) -> str:
    """The listed name, without extension, of the segment that a file is called by; the stem where there is none."""
    found = _NAME.fullmatch(stem)
    if found is None or found[1] not in starts:
        return stem
    video, start = found[1], found[2]
    known = starts[video]
    if start is None:
        return _file(video, known[0]) if len(known) == 1 else stem
    for seconds in (int(start), int(start) // 1000):
        if seconds in known:
            return _file(video, seconds)
    return stem
