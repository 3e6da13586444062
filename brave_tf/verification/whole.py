"""What the files of a dataset say of one another, without a look into the shards."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from brave_tf.data.dataset import Dataset
from brave_tf.data.foreign import ForeignDataset

COUNTED = {"with_video": "frames", "with_audio": "samples", "with_flow": "flow_frames"}
"""Counts of a split in `dataset.json`, and the columns of the clip table that tell them."""


def listed_shards(dataset: Dataset) -> set[str]:
    """Shards that `dataset.json` lists, and those that lie beside it."""
    if isinstance(dataset, ForeignDataset):
        return set()
    listed = {name for split in dataset.info["splits"].values() for name in split.get("shards", ())}
    return listed | {file.name for file in dataset.path.glob("*.tfrecord")}


def problems_of(dataset: Dataset, table: pa.Table) -> Iterator[str]:
    """A line for everything in `dataset.json` that the folder or the clip table contradict."""
    if isinstance(dataset, ForeignDataset):
        return
    for name, split in dataset.info["splits"].items():
        rows = table.filter(pc.equal(table["split"], name))
        for count, there in split_counts(rows).items():
            if count in split and split[count] != there:
                yield f"dataset.json says {split[count]} {count} in split {name}; the clip table has {there}"
        if "shards" not in split:
            continue
        named = set(pc.unique(rows["shard"]).to_pylist())
        for shard in sorted(set(split["shards"]) - named):
            if not (dataset.path / shard).exists():
                yield f"dataset.json lists {shard} for split {name}, which is missing"
        for shard in sorted(named - set(split["shards"])):
            yield f"clips of split {name} lie in {shard}, which dataset.json does not list for it"


def split_counts(rows: pa.Table) -> dict[str, Any]:
    """The counts of a split as `dataset.json` has them, from its rows of the clip table."""
    counts: dict[str, Any] = {"clips": rows.num_rows}
    for name, column in COUNTED.items():
        has = pc.greater(rows[column], 0) if column in rows.column_names else pa.array([], pa.bool_())
        counts[name] = pc.sum(has).as_py() or 0
    return counts
