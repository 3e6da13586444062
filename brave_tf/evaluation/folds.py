"""Which clips train and which test: the dataset's split, a column of folds, or N folds by source file."""

import dataclasses
import warnings
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from brave_tf.data.dataset import LABEL_PREFIX, Dataset
from brave_tf.errors import UserError, did_you_mean
from brave_tf.evaluation.clips import LabelledClips

TEST_SPLITS = ("test", "validation", "valid", "val", "eval")
GROUP_COLUMN = f"{LABEL_PREFIX}group"
"""Column of the clip table; clips of one group are of one recording, such as the groups of UCF101."""


@dataclasses.dataclass(frozen=True)
class LabelShare:
    """Which part of a fold's training labels is used.

    Attributes:
        fraction: the part.
        draw: which of several draws.
        fold: number of the fold.
    """

    fraction: float
    draw: int
    fold: int


@dataclasses.dataclass(frozen=True)
class Fold:
    """Row numbers of the clips that train and test.

    Attributes:
        name: which, in words.
        train: [N] rows that train.
        test: [N'] rows that test.
        share: which part of the training labels it has; None for all.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    share: LabelShare | None = None

    def without(self, rows: np.ndarray) -> "Fold":
        """The fold less some clips; itself if it has none of them.

        Raises:
            UserError: nothing to train or to test on is left.
        """
        train, test = (side[~np.isin(side, rows)] for side in (self.train, self.test))
        if not len(train) or not len(test):
            which = "test" if len(train) else "training"
            raise UserError(f"all {which} clips of fold {self.name!r} are damaged; prepare the dataset again")
        is_same = len(train) == len(self.train) and len(test) == len(self.test)
        return self if is_same else dataclasses.replace(self, train=train, test=test)


def choose_label(dataset: Dataset, label: str | None) -> str:
    """The label column to predict: the one that is named, `label`, or the only one.

    Raises:
        UserError: there is no such column, none at all, or several and none was chosen.
    """
    known = [name for name in dataset.labels if name not in dataset.official_folds]
    if label in known:
        return str(label)
    if not known:
        raise UserError(
            f"{dataset.path} has no labels; prepare it from class folders, a CSV with labels, or a benchmark"
        )
    listed = ", ".join(known)
    if label is not None:
        raise UserError(
            f"received --label {label}; {did_you_mean(label, known)}{dataset.path} has these label columns: "
            f"{listed}; choose one of them"
        )
    if "label" in known:
        return "label"
    if len(known) == 1:
        return known[0]
    raise UserError(f"{dataset.path} has these label columns: {listed}; expected --label NAME with one of them")


def make_folds(labelled: LabelledClips, folds: str | None) -> list[Fold]:
    """Divides clips into folds.

    Args:
        labelled: the clips.
        folds: None for the benchmark's official splits or folds, or else the dataset's own split; a label column whose
            values are the folds, or train and test; or a number of folds, which keep the clips of one source file, and
            of one value of a label column `group`, together.

    Returns:
        One `Fold` for a split, one for every fold of a column or number.

    Raises:
        UserError: there is nothing to train or to test on, or `folds` is neither a column nor a usable number.
    """
    dataset, clips = labelled.dataset, labelled.table
    if folds is None:
        official = [fold for column in dataset.official_folds for fold in _of_column(dataset, clips, column)]
        return official or [_of_split(dataset, clips)]
    if folds in dataset.labels:
        return _of_column(dataset, clips, folds)
    if not folds.isdecimal() or int(folds) < 2:
        raise UserError(
            f"received --folds {folds}; {did_you_mean(folds, dataset.labels)}expected a "
            f"label column ({', '.join(dataset.labels)}) or a number from 2 on"
        )
    return _of_number(clips, labelled.labels, int(folds))


def shared_videos(clips: pa.Table, fold: Fold) -> int:
    """Source files, or groups of them, that have clips on both sides of a fold: 0 unless the test is spoilt."""
    groups = _groups(clips)
    return len(np.intersect1d(groups[fold.train], groups[fold.test]))


def check_classes(folds: Sequence[Fold], clips: LabelledClips) -> None:
    """Raises `UserError` if a fold trains on fewer than two classes."""
    for fold in folds:
        if _classes(clips.labels, fold.train) < 2:
            raise UserError(
                f"the training clips of fold {fold.name!r} hold fewer than two classes of {clips.label!r}; choose "
                "another --label or --folds"
            )


def _classes(labels: np.ndarray, rows: np.ndarray) -> int:
    """How many classes some clips have; of several labels each class is looked at by itself, to copy little."""
    if labels.ndim == 1:
        return len(np.unique(labels[rows]))
    return sum(bool(labels[rows, index].any()) for index in range(labels.shape[1]))


def held_out(rows: np.ndarray, clips: LabelledClips) -> tuple[np.ndarray, np.ndarray] | None:
    """Divides rows by source file, or group: about four fifths, and a fifth; of few videos more than a fifth.

    None where there are too few to train on two classes without some.
    """
    table, labels = clips.table.take(rows), clips.labels[rows]
    for number in range(5, 1, -1):
        try:
            with warnings.catch_warnings():
                # Of a rare class no video may be left to train on, or none to validate: so be it.
                warnings.filterwarnings("ignore", "The least populated class", UserWarning)
                fold = _of_number(table, labels, number)[0]
        except UserError:
            continue
        if len(fold.test) and _classes(labels, fold.train) > 1:
            return rows[fold.train], rows[fold.test]
    return None


def _of_number(clips: pa.Table, labels: np.ndarray, number: int) -> list[Fold]:
    # Imported here: a pre-training's probe chooses labels above, and divides nothing.
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    groups = _groups(clips)
    sources = len(np.unique(groups))
    if number > sources:
        raise UserError(
            f"received --folds {number}; the clips come from only {sources} source files; expected at most as many "
            "folds"
        )
    places = np.zeros(len(labels))
    if labels.ndim > 1:
        parts = list(GroupKFold(number, shuffle=True, random_state=0).split(places, groups=groups))
    else:
        try:
            splitter = StratifiedGroupKFold(number, shuffle=True, random_state=0)
            parts = list(splitter.split(places, labels, groups))
        except ValueError:
            largest = int(np.max(np.bincount(labels)))
            raise UserError(
                f"received --folds {number}; the largest class has only {largest} clips; expected at most as many folds"
            ) from None
    return [Fold(str(index), train, test) for index, (train, test) in enumerate(parts, start=1)]


def _groups(clips: pa.Table) -> np.ndarray:
    column = GROUP_COLUMN if GROUP_COLUMN in clips.column_names else "source"
    sources = clips["source"].to_pylist()
    return np.array([group or source for group, source in zip(clips[column].to_pylist(), sources, strict=True)])


def _of_split(dataset: Dataset, clips: pa.Table) -> Fold:
    splits = np.array(clips["split"].to_pylist())
    fold = _train_and_test(splits, None)
    if fold is None:
        names = ", ".join(sorted(set(splits))) or "none"
        raise UserError(
            f"{dataset.path} has usable clips in these splits: {names}; expected train and test; "
            "prepare it with a split, or choose --folds"
        )
    return fold


def _of_column(dataset: Dataset, clips: pa.Table, column: str) -> list[Fold]:
    values = np.array(clips[f"{LABEL_PREFIX}{column}"].to_pylist(), dtype=object)
    names = dataset.labels[column]
    if "train" in names and set(names) <= {"train", *TEST_SPLITS}:
        fold = _train_and_test(values, column)
        if fold is None:
            raise UserError(
                f"the usable clips of {dataset.path} are not in both train and test of {column!r}; expected some in "
                "each; choose other --folds"
            )
        return [fold]
    missing = sum(value is None for value in values)
    if missing:
        raise UserError(f"{missing} of {len(values)} clips have no value in the fold column {column!r}; fill it in")
    return [_fold(name, values == name) for name in names if (values == name).any()]


def _train_and_test(values: np.ndarray, name: str | None) -> Fold | None:
    test = next((split for split in TEST_SPLITS if (values == split).any()), None)
    if test is None or not (values == "train").any():
        return None
    return Fold(name or test, np.flatnonzero(values == "train"), np.flatnonzero(values == test))


def _fold(name: str, is_test: np.ndarray) -> Fold:
    if is_test.all():
        raise UserError(f"all clips are in fold {name!r}; expected at least two folds")
    return Fold(name, np.flatnonzero(~is_test), np.flatnonzero(is_test))
