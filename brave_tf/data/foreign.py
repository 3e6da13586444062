"""Datasets that others wrote: their records are read where they lie, through a table made from an index of them."""

import collections
import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from brave_tf.config import SOURCE_FPS
from brave_tf.data.clip_table import CLIP_COLUMNS
from brave_tf.data.dataset import CLIPS_PER_SOURCE, LABEL_PREFIX, Dataset, Parser
from brave_tf.data.tfrecord_index import DamagedRecordError, Row
from brave_tf.errors import UserError
from brave_tf.storage import is_remote, of_many

PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG")
NAMED = 10
"""Damaged records that are named one by one."""
RATE_TOLERANCE = 0.1
"""Share by which frames per second, counted from a clip's times, may be off before it is worth a word."""


class ShardFile(NamedTuple):
    """A TFRecord file and the split that all its records belong to."""

    path: Path
    split: str


@dataclasses.dataclass(frozen=True)
class ForeignDataset(Dataset):
    """A dataset without `dataset.json` and clip table.

    Attributes:
        path: its directory, or its name.
        info: `audio_rate_hz`, `labels`, `fingerprint`, `splits` as in `dataset.json`; `damaged` (split and name of each
            such record) and `assumed` (lines).
        table: its clip table; the shards' paths are absolute.
        records: reads one record in the graph.
    """

    table: pa.Table
    records: Parser

    @property
    def parser(self) -> Parser:
        """Reads one record in the graph."""
        return self.records

    def clips(self, split: str | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """See `Dataset.clips`."""
        table = self.table if columns is None else self.table.select(list(dict.fromkeys([*columns, "split"])))
        if split is None:
            return table
        self.check_split(split)
        return table.filter(pc.equal(table["split"], split))

    def damaged(self, split: str | None = None) -> list[str]:
        """See `Dataset.damaged`."""
        return [entry["name"] for entry in self.info["damaged"] if split in (None, entry["split"])]

    def notes(self, split: str | None = None, audio_rate_hz: int | None = None) -> list[str]:
        """See `Dataset.notes`."""
        lines = [f"{self.path}: {line}" for line in self.info["assumed"]]
        if self.audio_rate_hz is None and pc.any(pc.greater(self.table["samples"], 0)).as_py():
            rate = f"{audio_rate_hz} Hz" if audio_rate_hz else "what the experiment expects"
            lines.append(f"{self.path}: the rate of its sound is not recorded; taken as {rate}")
        damaged = self.damaged(split)
        if damaged:
            more = f" and {len(damaged) - NAMED} more" if len(damaged) > NAMED else ""
            lines.append(f"{self.path}: damaged and left out: {', '.join(damaged[:NAMED])}{more}")
        return lines


def make_dataset(
    path: Path,
    shards: Sequence[ShardFile],
    index: Sequence[Sequence[Row]],
    *,
    parser: Parser,
    labels: Mapping[str, Sequence[str]],
    kind: str,
    multilabel: Sequence[str] = (),
    assumed: Sequence[str] = (),
) -> ForeignDataset:
    """A dataset from the index of its shards.

    Rows may have `frame_rate_fps`, `audio_rate_hz`, `start_seconds`, `end_seconds` and `labels` (column to class name,
    or to a list of them).

    Args:
        path: the dataset in messages.
        shards: its files.
        index: what `brave_tf.data.tfrecord_index.index_shards` found in them.
        parser: reads one record in the graph.
        labels: class names of every label column.
        kind: how the records are read, as part of the fingerprint.
        multilabel: the label columns of which rows have lists of class names.
        assumed: lines on what was taken for granted before.

    Raises:
        UserError: no record is usable, frames come at another rate than 25 a second, or sounds at several rates.
    """
    entries = [
        (shard, f"{_name(path, shard)}: record {number}", row)
        for shard, rows in zip(shards, index, strict=True)
        for number, row in enumerate(rows)
    ]
    damaged = [
        {"split": shard.split, "name": f"{name} ({row['damaged']})"} for shard, name, row in entries if "damaged" in row
    ]
    usable = [entry for entry in entries if "damaged" not in entry[2]]
    if not usable:
        why = f"; {damaged[0]['name']}" if damaged else ""
        raise UserError(
            f"{path} holds no usable record among {len(entries)}{why}; expected pictures or sound, as docs/data.md "
            "describes them"
        )
    info = {
        "audio_rate_hz": _audio_rate(path, usable),
        "labels": {column: list(names) for column, names in labels.items()},
        "multilabel": list(multilabel),
        "fingerprint": _fingerprint(kind, shards, index),
        # Splits of damaged records too: their absence has a reason then.
        "splits": dict(sorted(collections.Counter(shard.split for shard, _, _ in entries).items())),
        "damaged": damaged,
        "assumed": [*assumed, *_frame_rate(path, usable)],
    }
    return ForeignDataset(path, info, _table(usable, list(labels), multilabel), parser)


def _name(path: Path, shard: ShardFile) -> str:
    """How a shard is called: by its place in the dataset's folder, for sub-folders may repeat names."""
    return str(shard.path.relative_to(path) if shard.path.is_relative_to(path) else shard.path.name)


def check_picture(frames: Sequence[bytes]) -> None:
    """Refuses a clip with a frame that is no picture: JPEG or PNG, as the first is.

    Raises:
        DamagedRecordError: it has one.
    """
    start = next((start for start in PICTURE_STARTS if frames and frames[0].startswith(start)), None)
    if frames and start is None:
        raise DamagedRecordError("its first frame is neither JPEG nor PNG")
    for number, frame in enumerate(frames):
        if not frame.startswith(start or b""):
            raise DamagedRecordError(f"its frame {number} is no picture like its first")


def read_values(features: Any, key: str, kinds: Sequence[str]) -> list[Any]:
    """The values under a key of `tf.train.Features`; none if it is absent. See `read_feature`."""
    return read_feature(features[key], key, kinds) if key in features else []


def read_feature(feature: Any, key: str, kinds: Sequence[str]) -> list[Any]:
    """The values of a `tf.train.Feature`; none if it is empty.

    Args:
        feature: of some record.
        key: what it is called in messages.
        kinds: the kinds of list that can be used: "bytes_list", "float_list", "int64_list".

    Raises:
        DamagedRecordError: it is of another kind.
    """
    kind = feature.WhichOneof("kind")
    if kind is not None and kind not in kinds:
        raise DamagedRecordError(f"{key} is {kind}; expected {' or '.join(kinds)}")
    return list(getattr(feature, kind).value) if kind else []


def _audio_rate(path: Path, usable: Sequence[tuple[ShardFile, str, Row]]) -> int | None:
    first: dict[int, str] = {}
    for _, name, row in usable:
        if row["samples"] and row.get("audio_rate_hz"):
            first.setdefault(round(row["audio_rate_hz"]), name)
    if len(first) > 1:
        listed = ", ".join(f"{rate} Hz ({name})" for rate, name in first.items())
        raise UserError(f"{path} holds sound at several rates: {listed}; expected one; split it, or prepare it anew")
    return next(iter(first), None)


def _frame_rate(path: Path, usable: Sequence[tuple[ShardFile, str, Row]]) -> list[str]:
    counted = []
    unknown = 0
    for _, name, row in usable:
        if not row["frames"]:
            continue
        rate = row.get("frame_rate_fps")
        if rate and abs(rate - SOURCE_FPS) > 0.01:
            raise UserError(
                f"{path}, {name} has {rate:g} frames a second; expected {SOURCE_FPS:g}, because views count frames "
                f"of a {SOURCE_FPS:g} fps stream; write it at that rate, or give its videos to `brave-tf prepare`"
            )
        unknown += not rate
        seconds = row.get("end_seconds", 0.0) - row.get("start_seconds", 0.0)
        if not rate and seconds > 0:
            counted.append(row["frames"] / seconds)
    if not unknown:
        return []
    line = f"{unknown} of {len(usable)} records do not tell their frame rate; taken as {SOURCE_FPS:g} frames a second"
    typical = float(np.median(counted)) if counted else SOURCE_FPS
    if abs(typical / SOURCE_FPS - 1) > RATE_TOLERANCE:
        line += f", although their clip times suggest {typical:.3g}"
    return [line]


def _table(usable: Sequence[tuple[ShardFile, str, Row]], columns: Sequence[str], multilabel: Sequence[str]) -> pa.Table:
    rows = []
    for number, (shard, name, row) in enumerate(usable):
        labels = row.get("labels", {})
        rows.append(
            {
                # Every record counts as a video of its own, so its id is that of a source's first clip.
                "clip_id": number * CLIPS_PER_SOURCE,
                "split": shard.split,
                "shard": str(shard.path.resolve()),
                "source": name,
                **{key: row.get(key) for key in ("offset", "length", "start_seconds", "end_seconds")},
                **{key: row[key] for key in ("frames", "samples")},
                **{f"{LABEL_PREFIX}{column}": labels.get(column) for column in columns},
            }
        )
    kinds = {column: pa.list_(pa.string()) if column in multilabel else pa.string() for column in columns}
    schema = list(CLIP_COLUMNS) + [pa.field(f"{LABEL_PREFIX}{column}", kind) for column, kind in kinds.items()]
    return pa.Table.from_pylist(rows, pa.schema(schema))


def _fingerprint(kind: str, shards: Sequence[ShardFile], index: Sequence[Sequence[Row]]) -> str:
    digest = hashlib.sha256(kind.encode())
    paths = [shard.path for shard in shards]
    sizes = of_many(_bytes_of, paths) if any(map(is_remote, paths)) else map(_bytes_of, paths)
    for shard, rows, size in zip(shards, index, sizes, strict=True):
        content: list[Any] = [shard.path.name, shard.split, size, rows]
        digest.update(json.dumps(content, sort_keys=True).encode())
    return digest.hexdigest()


def _bytes_of(path: Path) -> int:
    return path.stat().st_size
