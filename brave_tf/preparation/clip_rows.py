"""The rows of the clip table, gathered shard by shard: a million of them take little memory."""

import array
import collections
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brave_tf.data.dataset import LABEL_PREFIX
from brave_tf.preparation.plan import Plan, Shard

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_A_TIME = 10_000
"""So many rows are packed into columns, which take a tenth of the memory."""

_COUNTED = {"with_video": "frames", "with_audio": "samples", "with_flow": "flow_frames"}
"""What `dataset.json` counts of a split, and the column that is above 0 where a clip has it."""


class ClipRows:
    """The rows of all shards, in their order, and what `dataset.json` says of each split."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._waiting: list[dict[str, Any]] = []
        self._tables: list[pa.Table] = []
        self._counts: collections.defaultdict[str, collections.Counter[str]] = collections.defaultdict(
            collections.Counter
        )
        self._seconds: collections.defaultdict[str, array.array[float]] = collections.defaultdict(
            lambda: array.array("d")
        )

    def __bool__(self) -> bool:
        return bool(self._waiting or self._tables)

    def add(self, shard: Shard, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds the rows of the next shard, in the order of their offsets."""
        # A shard that was done before there was flow does not count it.
        whole = [{"flow_frames": 0, **row} for row in rows]
        counts = self._counts[shard.split]
        counts["clips"] += len(whole)
        for name, column in _COUNTED.items():
            counts[name] += sum(row[column] > 0 for row in whole)
        self._seconds[shard.split].extend(row["end_seconds"] - row["start_seconds"] for row in whole)
        self._waiting += whole
        if len(self._waiting) >= ROWS_AT_A_TIME:
            self._pack()

    def write(self, path: Path) -> None:
        """Writes the clip table.

        Raises:
            OSError: it cannot be written.
        """
        # They take as long to load as all else: not before they are needed.
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._pack()
        with path.open("wb") as file:
            pq.write_table(pa.concat_tables(self._tables).combine_chunks(), file)

    def _pack(self) -> None:
        import pyarrow as pa

        self._tables.append(pa.Table.from_pylist(self._waiting, schema=self._schema()))
        self._waiting = []

    def split_info(self) -> dict[str, dict[str, Any]]:
        """What there is in every split, by its name."""
        return {split: self._split_info(split) for split in sorted({shard.split for shard in self._plan.shards})}

    def _split_info(self, split: str) -> dict[str, Any]:
        return {
            **{name: self._counts[split][name] for name in ("clips", *_COUNTED)},
            "hours": round(sum(self._seconds[split]) / 3600, 4),
            "shards": [shard.name for shard in self._plan.shards if shard.split == split],
        }

    def _schema(self) -> "pa.Schema":
        import pyarrow as pa

        from brave_tf.data.clip_table import CLIP_COLUMNS

        plan = self._plan
        kinds = {name: pa.list_(pa.string()) if name in plan.multilabel else pa.string() for name in plan.classes}
        return pa.schema([*CLIP_COLUMNS, *(pa.field(f"{LABEL_PREFIX}{name}", kind) for name, kind in kinds.items())])
