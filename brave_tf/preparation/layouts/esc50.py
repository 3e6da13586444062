"""ESC-50, and ESC-10 within it: short sounds in five official folds (Piczak 2015)."""

import collections
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing, in_order
from brave_tf.preparation.layouts.list_files import (
    differences,
    malformed,
    names_in,
    next_to,
    no_lists,
    read_rows,
    read_table,
)
from brave_tf.preparation.layouts.listed import Listed, Lists, match
from brave_tf.preparation.layouts.walk import INSIDE, Reach

LISTS_FOLDER = "meta"
COLUMNS = ("filename", "fold", "target", "category", "src_file")
TEST_FOLD = "5"
_NUMBER = re.compile(r"\d{1,9}")
PUBLISHED_CLASSES, PUBLISHED_CLIPS = 50, 2_000
PUBLISHED_FOLDS, PUBLISHED_FOLD_CLIPS = ("1", "2", "3", "4", "5"), 400


def list_esc50(folder: Path, annotations: Path | None = None, reach: Reach = INSIDE) -> Listing:
    """Lists ESC-50, or a part of it such as ESC-10, as its author ships it.

    Label columns: `label` (the category), `fold`, and `group`, the recording that a clip was cut from. Fold 5 is the
    dataset's test split, the other folds train.

    Args:
        folder: a folder with the sounds anywhere below it.
        annotations: the list file or its folder; None to find the one CSV with the columns of `esc50.csv` in `meta` or
            in the source.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: the list is absent, malformed or not the only one, or no listed sound is there.
    """
    return match(folder, read_esc50(_find_list(folder, annotations)), reach)


def read_esc50(file: Path) -> Lists:
    """Reads the list file of ESC-50.

    Raises:
        UserError: it is malformed.
    """
    rows = list(_read_sounds(file))
    targets = {row["category"]: int(row["target"]) for row in rows}
    if len(set(targets.values())) < len(targets):
        raise UserError(f"{file} gives two categories one target; expected a target for each; use the published list")
    folds = collections.Counter(row["fold"] for row in rows)
    figures = [
        (f"{file.name} lists {{}} clips", len(rows), PUBLISHED_CLIPS),
        (f"{file.name} lists {{}} classes", len(targets), PUBLISHED_CLASSES),
        (f"{file.name} has {{}} folds", len(folds), len(PUBLISHED_FOLDS)),
        *((f"fold {fold} has {{}} clips", folds[fold], PUBLISHED_FOLD_CLIPS) for fold in PUBLISHED_FOLDS),
    ]
    return Lists(
        "esc50",
        [file],
        [_listed(row) for row in rows],
        classes={
            "label": sorted(targets, key=targets.__getitem__),
            "fold": in_order(folds),
            "group": in_order(row["src_file"] for row in rows),
        },
        folds=("fold",),
        notes=differences("esc50", figures),
        split_rule=f"fold {TEST_FOLD} is the test split, the other folds train; the column fold holds all five",
    )


def _read_sounds(file: Path) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    targets: dict[str, str] = {}
    for place, row in read_table(file, COLUMNS):
        filled = all(row[column] for column in COLUMNS)
        if not filled or not all(_NUMBER.fullmatch(row[column]) for column in ("fold", "target")):
            raise malformed(place, ",".join(row.values()), f"{', '.join(COLUMNS)}; fold and target are whole numbers")
        if row["filename"] in seen:
            raise UserError(f"{place} lists {row['filename']} again; expected it once; use the published list")
        seen.add(row["filename"])
        target = targets.setdefault(row["category"], row["target"])
        if target != row["target"]:
            raise UserError(
                f"{place} gives {row['category']} the target {row['target']}; expected {target}, as before; use the "
                "published list"
            )
        yield row


def _listed(row: dict[str, str]) -> Listed:
    split = "test" if row["fold"] == TEST_FOLD else "train"
    return Listed(row["filename"], split, {"label": row["category"], "fold": row["fold"], "group": row["src_file"]})


def _find_list(folder: Path, annotations: Path | None) -> Path:
    if annotations is not None and annotations.is_file():
        return annotations
    # The folder of lists comes first: a list beside it may be of a part.
    usual = [folder / LISTS_FOLDER, folder, *next_to(folder, [LISTS_FOLDER])]
    looked_in = usual if annotations is None else [annotations / LISTS_FOLDER, annotations]
    for candidate in looked_in:
        lists = _lists_in(candidate)
        if len(lists) > 1:
            raise UserError(
                f"{candidate} holds {len(lists)} lists ({', '.join(file.name for file in lists)}); expected one; "
                "choose with --annotations FILE"
            )
        if lists:
            return lists[0]
    raise no_lists(looked_in, f"one CSV file with the columns {', '.join(COLUMNS)}, such as {LISTS_FOLDER}/esc50.csv")


def _lists_in(folder: Path) -> Sequence[Path]:
    files = [folder / name for name in names_in(folder) if name.lower().endswith(".csv")]
    return [file for file in files if set(COLUMNS) <= set(_header(file))]


def _header(file: Path) -> list[str]:
    try:
        return next(read_rows(file), ("", []))[1]
    except UserError:  # another file that happens to end in .csv
        return []
