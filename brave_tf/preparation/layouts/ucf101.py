"""UCF101: class folders of videos, and three official splits by group (Soomro, Zamir, Shah 2012)."""

import re
from collections.abc import Mapping
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import differences, find_list_folder, malformed, read_lines
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "ucfTrainTestlist"
CLASS_LIST = "classInd.txt"
SPLITS = (1, 2, 3)
SIDES = ("train", "test")
UNUSED = "unused"
PUBLISHED_CLASSES, PUBLISHED_VIDEOS = 101, 13_320
PUBLISHED_SIDES = {1: (9_537, 3_783), 2: (9_586, 3_734), 3: (9_624, 3_696)}
_NUMBER = re.compile(r"\d{1,9}")
_GROUP = re.compile(r".*_(g\d+)_c\d+")


def list_ucf101(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists UCF101 as its authors ship it.

    Videos lie in class folders. Label columns: `label`, `split1` to `split3` (train or test) and `group` (class and
    number), whose videos look alike. The dataset's split is split 1.

    Args:
        folder: a folder with the class folders anywhere below it.
        annotations: the folder of the list files; None to find `ucfTrainTestlist` in the source or next to it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent, malformed or contradict each other, or no listed video is there.
    """
    expected = (
        f"{LISTS_FOLDER} with {CLASS_LIST}, trainlist01.txt to trainlist03.txt and testlist01.txt to testlist03.txt"
    )
    names = {CLASS_LIST, *(_list_name(side, number) for number in SPLITS for side in SIDES)}
    lists = read_ucf101(find_list_folder(folder, annotations, [LISTS_FOLDER], names.__contains__, expected))
    return match(folder, lists, reach)


def read_ucf101(folder: Path) -> Lists:
    """Reads the list files of UCF101.

    Raises:
        UserError: one is absent or malformed, or they contradict each other.
    """
    classes = _read_classes(folder / CLASS_LIST)
    sides: dict[str, dict[str, str]] = {}
    figures = [(f"{CLASS_LIST} lists {{}} classes", len(classes), PUBLISHED_CLASSES)]
    for number in SPLITS:
        for side, published in zip(SIDES, PUBLISHED_SIDES[number], strict=True):
            file = folder / _list_name(side, number)
            videos = _read_videos(file, classes)
            for video, place in videos.items():
                earlier = sides.setdefault(video, {}).setdefault(f"split{number}", side)
                if earlier != side:
                    raise UserError(
                        f"{place} lists {video}, which {_list_name(earlier, number)} lists too; expected every video "
                        "on one side of a split; use the list files as their authors ship them"
                    )
            figures.append((f"{file.stem} lists {{}} videos", len(videos), published))
    figures.append(("all lists together name {} videos", len(sides), PUBLISHED_VIDEOS))
    listed = [_listed(video, splits) for video, splits in sides.items()]
    folds = tuple(f"split{number}" for number in SPLITS)
    groups = list(dict.fromkeys(str(item.labels["group"]) for item in listed))
    return Lists(
        "ucf101",
        [folder / CLASS_LIST, *(folder / _list_name(side, number) for number in SPLITS for side in SIDES)],
        listed,
        classes={"label": list(classes), **dict.fromkeys(folds, SIDES), "group": groups},
        folds=folds,
        notes=differences("ucf101", figures),
        split_rule="the official split 1; the columns split1 to split3 hold all three",
    )


def _list_name(side: str, number: int) -> str:
    return f"{side}list{number:02}.txt"


def _read_classes(file: Path) -> dict[str, int]:
    """Class names in the order of their indices, with their numbers in the list."""
    classes: dict[str, int] = {}
    for place, line in read_lines(file):
        number, _, name = line.partition(" ")
        if number != str(len(classes) + 1) or not name or name in classes:
            raise malformed(place, line, f"the number {len(classes) + 1} and a new class name")
        classes[name] = int(number)
    return classes


def _read_videos(file: Path, classes: Mapping[str, int]) -> dict[str, str]:
    """Videos of one list as CLASS/NAME, with their places."""
    videos = {}
    for place, line in read_lines(file):
        video, *rest = line.split()
        number = " ".join(rest)
        folder, _, name = video.partition("/")
        if not _GROUP.fullmatch(Path(name).stem) or not (number == "" or _NUMBER.fullmatch(number)):
            raise malformed(place, line, "CLASS/v_NAME_gNN_cNN.avi, and in training lists the class's number")
        if folder not in classes:
            raise UserError(f"{place} has the class {folder!r}; expected one of the {len(classes)} of {CLASS_LIST}")
        if number and int(number) != classes[folder]:
            raise UserError(
                f"{place} gives {folder} the number {number}; expected {classes[folder]}, as in {CLASS_LIST}; "
                "use the list files as their authors ship them"
            )
        videos[video] = place
    return videos


def _listed(video: str, splits: Mapping[str, str]) -> Listed:
    folder, _, name = video.partition("/")
    match = _GROUP.fullmatch(Path(name).stem)
    group = f"{folder}_{match[1]}" if match else folder
    return Listed(name, splits.get("split1", UNUSED), {"label": folder, **splits, "group": group}, folder=folder)
