"""Which clips train and which test: the dataset's split, a column of folds, or N folds by source file."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.model_selection import StratifiedGroupKFold

from brave_tf.data.dataset import Dataset
from brave_tf.errors import UserError

TEST_SPLITS = ("test", "validation", "valid", "val", "eval")


@dataclasses.dataclass(frozen=True)
class Fold:
    """Row numbers of the clips that train and test."""

    name: str
    train: np.ndarray
    test: np.ndarray


def choose_label(dataset: Dataset, label: str | None) -> str:
    """The label column to predict: the one asked for, `label`, or the only one.

    Raises:
        UserError: there is no such column, none at all, or several and none was chosen.
    """
    known = list(dataset.labels)
    if label in known:
        return str(label)
    listed = ", ".join(known) or "none"
    if label is not None:
        raise UserError(f"received --label {label}; {dataset.path} has these label columns: {listed}")
    if "label" in known:
        return "label"
    if len(known) == 1:
        return known[0]
    raise UserError(f"{dataset.path} has these label columns: {listed}; expected --label NAME with one of them")


def make_folds(dataset: Dataset, clips: pa.Table, labels: np.ndarray, folds: str | None) -> list[Fold]:
    """Divides clips into folds.

    Args:
        dataset: the dataset.
        clips: rows of `Dataset.clips`, all labelled.
        labels: [N] class indices.
        folds: None for the dataset's own split, a label column whose values are the folds, or a number of folds, which
            keep the clips of one source file together.

    Returns:
        One `Fold` for the dataset's split, else one per fold.

    Raises:
        UserError: there is nothing to train or to test on, or `folds` is neither a column nor a usable number.
    """
    if folds is None:
        return [_split(dataset, clips)]
    if folds in dataset.labels:
        values = np.array(clips[f"label/{folds}"].to_pylist(), dtype=object)
        missing = sum(value is None for value in values)
        if missing:
            raise UserError(f"{missing} of {len(values)} clips have no value in the fold column {folds!r}; fill it in")
        return [_fold(name, values == name) for name in dataset.labels[folds] if (values == name).any()]
    if not folds.isdecimal() or int(folds) < 2:
        raise UserError(
            f"received --folds {folds}; expected a label column ({', '.join(dataset.labels)}) or a number from 2 on"
        )
    sources = pc.unique(clips["source"])
    if int(folds) > len(sources):
        raise UserError(f"received --folds {folds}; the clips come from only {len(sources)} source files")
    splitter = StratifiedGroupKFold(int(folds), shuffle=True, random_state=0)
    groups = np.array(clips["source"].to_pylist())
    try:
        parts = list(splitter.split(np.zeros(len(labels)), labels, groups))
    except ValueError:
        largest = int(np.max(np.bincount(labels)))
        raise UserError(f"received --folds {folds}; the largest class has only {largest} clips") from None
    return [Fold(str(number), train, test) for number, (train, test) in enumerate(parts, start=1)]


def _split(dataset: Dataset, clips: pa.Table) -> Fold:
    splits = np.array(clips["split"].to_pylist())
    test = next((name for name in TEST_SPLITS if (splits == name).any()), None)
    if test is None or not (splits == "train").any():
        found = ", ".join(sorted(set(splits))) or "none"
        raise UserError(
            f"{dataset.path} has usable clips in these splits: {found}; expected train and test; "
            "prepare it with a split, or choose --folds"
        )
    return Fold(test, np.flatnonzero(splits == "train"), np.flatnonzero(splits == test))


def _fold(name: str, is_test: np.ndarray) -> Fold:
    if is_test.all():
        raise UserError(f"all clips are in fold {name!r}; expected at least two folds")
    return Fold(name, np.flatnonzero(~is_test), np.flatnonzero(is_test))
