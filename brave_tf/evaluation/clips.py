"""The labelled clips of a dataset that can test an encoder."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from brave_tf.config import Modality
from brave_tf.data.damage import DamagedClip, DamageFinder, DatasetPart
from brave_tf.data.dataset import CLIPS_PER_SOURCE, LABEL_PREFIX, Dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES, NARROW


@dataclasses.dataclass(frozen=True)
class LabelledClips:
    """Clips that have both a modality and a label.

    Attributes:
        dataset: where they are.
        label: the label column.
        table: [N] rows of the clip table.
        labels: [N] class indices, or [N, classes] bool where a clip has several.
        left_out: clips that cannot be used, by reason.
        damaged: those of them that turned out to be damaged when they were read, by name.
    """

    dataset: Dataset
    label: str
    table: pa.Table
    labels: np.ndarray
    left_out: dict[str, int]
    damaged: tuple[DamagedClip, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, label: str, modality: Modality = NARROW) -> "LabelledClips":
        """Those of a dataset.

        Raises:
            UserError: there are none.
        """
        table = dataset.clips()
        record = MODALITIES[modality]
        values = table[f"{LABEL_PREFIX}{label}"].to_pylist()
        has_modality = np.zeros(len(values), bool)
        if record.column in table.column_names:
            has_modality = np.array(table[record.column].to_numpy() > 0)
        has_label = np.array([bool(value) for value in values], dtype=bool)
        usable = has_modality & has_label
        if not usable.any():
            raise UserError(
                f"none of the {table.num_rows} clips in {dataset.path} has both {record.short_word} and a {label!r} "
                "label; choose another label, or an encoder of what the clips have"
            )
        left_out = {
            record.left_out_reason: int((~has_modality).sum()),
            f"without {label}": int((has_modality & ~has_label).sum()),
        }
        if damaged := dataset.damaged():
            left_out["damaged"] = len(damaged)
        rows = np.flatnonzero(usable)
        return cls(dataset, label, table.take(rows), _labels(dataset, label, [values[row] for row in rows]), left_out)

    def with_damage(self, rows: Sequence[int], modality: Modality) -> "LabelledClips":
        """The same clips, of which some turned out to be damaged: counted, and named with what is wrong with them.

        Args:
            rows: of the damaged clips.
            modality: what is used of a clip.
        """
        table = RecordTable.of(self.dataset, self.table)
        finder = DamageFinder(table, [DatasetPart(self.dataset, len(table))], [modality])
        damaged = tuple(finder.clip(row) for row in sorted(rows))
        left_out = {**self.left_out, "damaged": self.left_out.get("damaged", 0) + len(damaged)}
        return dataclasses.replace(self, left_out=left_out, damaged=damaged)

    @property
    def classes(self) -> int:
        """Number of classes, those without a clip included."""
        return len(self.dataset.labels[self.label])

    @property
    def videos(self) -> np.ndarray:
        """[N] number of the video that each clip is cut from."""
        return np.asarray(self.table["clip_id"].to_numpy() // CLIPS_PER_SOURCE)


def _labels(dataset: Dataset, label: str, values: list[str] | list[list[str]]) -> np.ndarray:
    index = {name: number for number, name in enumerate(dataset.labels[label])}
    if label not in dataset.multilabel:
        return np.array([index[str(value)] for value in values])
    labels = np.zeros((len(values), len(index)), bool)
    for row, names in enumerate(values):
        labels[row, [index[name] for name in names]] = True
    return labels
