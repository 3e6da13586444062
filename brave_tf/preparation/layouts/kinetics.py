"""Kinetics-400, -600 and -700: CSV files of YouTube segments (Kay et al. 2017; Carreira et al. 2018, 2019)."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing
from brave_tf.preparation.layouts.list_files import find_list_folder, malformed, names_in, read_lines, read_table
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "annotations"
COLUMNS = ("youtube_id", "time_start", "time_end")
SPLIT_WORDS = {
    "train": "train",
    "val": "validation",
    "validate": "validation",
    "validation": "validation",
    "test": "test",
}
PRECEDENCE = ("test", "validation", "train")
"""A segment that two lists name belongs to the first of these."""
OFFICIAL = "official"
"""Label column of what the benchmark trains and tests on."""
PUBLISHED_CLASSES = (400, 600, 700)
_LIST = re.compile(rf"(?:.*[-_])?({'|'.join(SPLIT_WORDS)})\.csv")
_LABEL_MAP = re.compile(r"label_map_k\d+\.txt")


def list_kinetics(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists Kinetics as its authors ship it.

    Videos are called ID_START_END.mp4, the seconds with six digits, and lie in class folders; files in no class folder
    are matched by their name alone. Label columns: `label`, absent where the test list gives none, and `official`,
    train or validation. The splits are train, validation and test, whichever lists there are.

    Args:
        folder: a folder with the videos anywhere below it.
        annotations: the folder of the CSV files; None to find them in the source, or in `annotations` in or next to it.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: list files are absent, malformed or contradict each other, or no listed video is there.
    """
    expected = "train.csv, val.csv or test.csv, with or without a prefix such as kinetics-600_"
    lists = read_kinetics(find_list_folder(folder, annotations, [LISTS_FOLDER], _LIST.fullmatch, expected))
    return match(folder, lists, reach, may_be_flat=True)


def read_kinetics(folder: Path) -> Lists:
    """Reads the list files of Kinetics.

    Classes go by the alphabet, or by a `label_map_k400.txt` (or 600, or 700) in the same folder.

    Raises:
        UserError: one is malformed, there are two of a split, or they contradict each other.
    """
    files = _find_files(folder)
    splits = {split: list(dict.fromkeys(_read_segments(files[split], split))) for split in PRECEDENCE if split in files}
    owners: dict[str, str] = {}
    for split, segments in splits.items():
        for _, file in segments:
            owners.setdefault(file, split)
    listed: list[Listed] = []
    taken_out = 0
    for split in reversed(splits):
        for label, file in splits[split]:
            if owners[file] != split:
                taken_out += 1
                continue
            # The paper tests on the validation set, also where the test list has labels.
            official = {OFFICIAL: split} if split != "test" else {}
            named = {"label": label} if label else {}
            listed.append(Listed(file, split, named | official, folder=label or None))
    labels = sorted({label for segments in splits.values() for label, _ in segments if label})
    classes, maps = _classes(folder, labels)
    notes = [f"kinetics: {taken_out:,} segments of a list are left to a list that tests"] if taken_out else []
    if len(classes) not in PUBLISHED_CLASSES:
        notes.append(f"kinetics: the lists name {len(classes):,} classes; published: 400, 600 or 700")
    return Lists(
        "kinetics", [*files.values(), *maps], listed, classes={"label": classes}, folds=(OFFICIAL,), notes=notes
    )


def _find_files(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for name in names_in(folder):
        match = _LIST.fullmatch(name)
        if match is None:
            continue
        split = SPLIT_WORDS[match[1]]
        if split in files:
            raise UserError(
                f"{folder} holds two lists of the {split} split, {files[split].name} and {name}; expected one; "
                "keep the lists of one version of Kinetics in a folder and name it with --annotations"
            )
        files[split] = folder / name
    return files


def _read_segments(file: Path, split: str) -> Iterator[tuple[str, str]]:
    """The label, or an empty string, and the file name of every row."""
    columns = COLUMNS if split == "test" else ("label", *COLUMNS)
    for place, row in read_table(file, columns):
        if not row["youtube_id"]:
            raise malformed(place, ",".join(row.values()), "a youtube_id")
        given = row.get("split", "")
        if SPLIT_WORDS.get(given, split) != split:
            raise UserError(f"{place} belongs to the split {given}; expected a row of the {split} split in {file.name}")
        label = row.get("label", "")
        if not label and split != "test":
            raise malformed(place, ",".join(row.values()), "a label")
        start, end = (_seconds(row[column], place) for column in COLUMNS[1:])
        yield label, f"{row['youtube_id']}_{start:06d}_{end:06d}.mp4"


def _seconds(cell: str, place: str) -> int:
    try:
        seconds = int(float(cell))
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds < 1_000_000:
        raise malformed(place, cell, "whole seconds of at most six digits")
    return seconds


def _classes(folder: Path, labels: Sequence[str]) -> tuple[list[str], list[Path]]:
    """Classes in their order, and the label map that gave it, if there is one."""
    maps = [folder / name for name in names_in(folder) if _LABEL_MAP.fullmatch(name)]
    if not maps:
        return list(labels), []
    if len(maps) > 1:
        raise UserError(
            f"{folder} holds {len(maps)} label maps ({', '.join(file.name for file in maps)}); expected that of the "
            "version in the lists alone; take the others away"
        )
    classes = [line for _, line in read_lines(maps[0])]
    if len(set(classes)) < len(classes):
        raise UserError(f"{maps[0]} names a class twice; expected every class once; use the file as it was published")
    if unknown := sorted(set(labels) - set(classes)):
        raise UserError(
            f"{maps[0]} lacks {len(unknown)} labels of the lists, such as {unknown[0]!r}; expected all of them; "
            "use the label map of the same version of Kinetics, or take it away"
        )
    return classes, maps
