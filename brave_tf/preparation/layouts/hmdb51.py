"""HMDB51: class folders of videos, and three official splits (Kuehne, Jhuang, Garrote, Poggio, Serre 2011)."""

import collections
import re
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import differences, find_list_folder, malformed, names_in, read_lines
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "testTrainMulti_7030_splits"
SPLITS = ("1", "2", "3")
SIDES = {"1": "train", "2": "test", "0": None}
UNUSED = "unused"
END_SECONDS = 20.0
"""The released evaluation reads the first 20 seconds of every video."""
PUBLISHED_CLASSES, PUBLISHED_VIDEOS = 51, 6_766
PUBLISHED_SIDES = {"train": 70, "test": 30}
_LIST = re.compile(r"(.+)_test_split([123])\.txt")


def list_hmdb51(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists HMDB51 as its authors ship it.

    Videos lie in class folders; their first 20 seconds are used. Label columns: `label` and `split1` to `split3` (train
    or test; nothing for a video that the split leaves out). The dataset's split is split 1, with `unused` for the
    videos that it leaves out.

    Args:
        folder: a folder with the class folders anywhere below it.
        annotations: the folder of the list files; None to find `testTrainMulti_7030_splits` in the source or next to
            it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent or malformed, or no listed video is there.
    """
    expected = f"{LISTS_FOLDER} with CLASS_test_split1.txt to CLASS_test_split3.txt for every class"
    lists = read_hmdb51(find_list_folder(folder, annotations, [LISTS_FOLDER], _LIST.fullmatch, expected))
    return match(folder, lists, reach)


def read_hmdb51(folder: Path) -> Lists:
    """Reads the list files of HMDB51; their names tell the classes.

    Raises:
        UserError: one is absent or malformed.
    """
    classes = sorted({match[1] for name in names_in(folder) if (match := _LIST.fullmatch(name))})
    files = {(name, split): folder / f"{name}_test_split{split}.txt" for name in classes for split in SPLITS}
    sides: dict[tuple[str, str], dict[str, str]] = {}
    figures = [("the list files name {} classes", len(classes), PUBLISHED_CLASSES)]
    for (name, split), file in files.items():
        counts: collections.Counter[str] = collections.Counter()
        for video, side in _read_videos(file).items():
            mine = sides.setdefault((name, video), {})
            if side is not None:
                mine[f"split{split}"] = side
                counts[side] += 1
        figures += [(f"{file.stem} lists {{}} {side} videos", counts[side], n) for side, n in PUBLISHED_SIDES.items()]
    figures.append(("all lists together name {} videos", len(sides), PUBLISHED_VIDEOS))
    folds = tuple(f"split{split}" for split in SPLITS)
    return Lists(
        "hmdb51",
        list(files.values()),
        [
            Listed(video, mine.get("split1", UNUSED), {"label": name, **mine}, folder=name, end_seconds=END_SECONDS)
            for (name, video), mine in sides.items()
        ],
        classes={"label": classes, **dict.fromkeys(folds, tuple(PUBLISHED_SIDES))},
        folds=folds,
        notes=differences("hmdb51", figures),
        split_rule=f"the official split 1, {UNUSED} where it leaves a video out; split1 to split3 hold all three",
    )


def _read_videos(file: Path) -> dict[str, str | None]:
    """Videos of one class in one split, with their sides; None for those that the split leaves out."""
    videos: dict[str, str | None] = {}
    for place, line in read_lines(file):
        # Names hold nearly any sign, but the code is the last word.
        name, _, code = line.rpartition(" ")
        if not name or code not in SIDES:
            raise malformed(place, line, "a file name and 1 (train), 2 (test) or 0 (unused)")
        name = name.strip()
        if videos.setdefault(name, SIDES[code]) != SIDES[code]:
            raise UserError(f"{place} lists {name} a second time with another code; expected one code for each video")
    return videos
