"""Class names of records that tell their labels by index, by name, or by both."""

import collections
import dataclasses
from collections.abc import Sequence

from brave_tf.data.dataset import PRIMARY_LABEL
from brave_tf.data.tfrecord_index import Row


@dataclasses.dataclass(frozen=True)
class Labelling:
    """The labels of an index of records.

    Attributes:
        index: the same rows, with `labels` where a record has some.
        classes: class names, in the order of their indices; names without an index follow by the alphabet.
        several: whether a record may have several, which all rows then have as a list.
        notes: lines on what was taken for granted.
    """

    index: list[list[Row]]
    classes: list[str]
    several: bool
    notes: list[str]


def label_records(index: Sequence[Sequence[Row]]) -> Labelling:
    """Names every label of every record.

    A class without a name is called by its index. An index below 0 is no label, as in test sets that keep theirs
    secret. Two classes of one name keep apart by their index: `run (3)`.

    Args:
        index: rows that may have `label_indices` and `label_texts`.
    """
    rows = [row for rows in index for row in rows]
    given, disputed = _given_names(rows)
    indices = sorted({number for row in rows for number in row.get("label_indices", ()) if number >= 0})
    names: dict[int, str] = {}
    for number in indices:
        name = given.get(number, str(number))
        names[number] = f"{name} ({number})" if name in names.values() else name
    labels = [[_names(row, names) for row in rows] for rows in index]
    counts = [len(each) for rows in labels for each in rows]
    several = sum(count > 1 for count in counts)
    without_index = {name for rows in labels for each in rows for name in each} - set(names.values())
    notes = []
    if several:
        notes.append(f"{several} of {sum(count > 0 for count in counts)} labelled records have several labels")
    if disputed:
        listed = ", ".join(f"{number} ({' and '.join(texts)})" for number, texts in sorted(disputed.items())[:3])
        notes.append(f"{len(disputed)} label indices have several names, the most frequent is used: {listed}")
    labelled = [
        [
            {**row, "labels": {PRIMARY_LABEL: each if several else each[0]}} if each else row
            for row, each in zip(rows, of_rows, strict=True)
        ]
        for rows, of_rows in zip(index, labels, strict=True)
    ]
    return Labelling(labelled, [*names.values(), *sorted(without_index)], several > 0, notes)


def _names(row: Row, names: dict[int, str]) -> list[str]:
    if "label_indices" in row:
        return list(dict.fromkeys(names[number] for number in row["label_indices"] if number >= 0))
    return list(dict.fromkeys(row.get("label_texts", ())))


def _given_names(rows: Sequence[Row]) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The name of each index, and the names of those that have several, the most frequent first."""
    counts: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in rows:
        indices, texts = row.get("label_indices", ()), row.get("label_texts", ())
        # With more or fewer names than indices nobody knows which belongs to which; of one index the first is it.
        if texts and (len(indices) == 1 or len(indices) == len(texts)):
            for number, text in zip(indices, texts, strict=False):
                counts[number][text] += 1
    ranked = {number: sorted(names, key=lambda name: (-names[name], name)) for number, names in counts.items()}
    return {n: names[0] for n, names in ranked.items()}, {n: names for n, names in ranked.items() if len(names) > 1}
