"""DMVR shards as they are: TFRecord files of `SequenceExample` records, such as DeepMind's released code reads."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from brave_tf.data import records
from brave_tf.data.dataset import PRIMARY_LABEL
from brave_tf.data.foreign import ForeignDataset, ShardFile, check_picture, make_dataset
from brave_tf.data.tfrecord_index import DamagedRecordError, Row, index_shards
from brave_tf.errors import UserError

KIND = "dmvr"
FRAME_RATE = "image/frame_rate"
LABEL_INDEX = "clip/label/index"
LABEL_NAMES = ("clip/label/text", "clip/label/string")
START, END = "clip/start/timestamp", "clip/end/timestamp"

_NUMBERED = re.compile(r"-\d+-of-\d+$")
_SPLIT_WORD = re.compile(r"train|test|val|valid|validation|eval\w*")


def find_shards(folder: Path) -> list[ShardFile]:
    """The TFRecord files of a folder, by name: `*.tfrecord*` or `*-00000-of-00010`; empty if there are none."""
    if not folder.is_dir():
        return []
    files = [file for file in folder.iterdir() if not file.name.startswith((".", "_")) and file.is_file()]
    shards = [file for file in files if ".tfrecord" in file.name or _NUMBERED.search(file.name)]
    return [ShardFile(file, split_of(file.name)) for file in sorted(shards)]


def split_of(name: str) -> str:
    """The split that a shard's name tells: the last word of its prefix that names one, else "train".

    `hmdb51_test.tfrecord-00000-of-00010` and `test-00000-of-00010` are both "test", and "evaluation" is "eval".
    """
    prefix = _NUMBERED.sub("", name.lower().removesuffix(".tfrecord"))
    words = [word for word in re.split(r"[-_.]", prefix) if _SPLIT_WORD.fullmatch(word)]
    word = words[-1] if words else "train"
    return "eval" if word.startswith("eval") else word


def open_dmvr(path: Path, shards: Sequence[ShardFile]) -> ForeignDataset:
    """Indexes shards, or finds their index in the cache.

    Args:
        path: their folder.
        shards: what `find_shards` found in it.

    Raises:
        UserError: a shard is cut off or no TFRecord file, no record is usable, or frames or sound come at a rate that
            cannot be used, or the folder is one of TensorFlow Datasets.
    """
    if (path / "features.json").is_file():
        raise UserError(f"{path} was prepared by TensorFlow Datasets; expected tfds:NAME, and TFDS_DATA_DIR above it")
    index = index_shards([shard.path for shard in shards], KIND, summarise, f"index {path}")
    rows = [row for rows in index for row in rows if row.get("labels")]
    named = {(row["label_index"], row["labels"][PRIMARY_LABEL]) for row in rows}
    names = list(dict.fromkeys(name for _, name in sorted(named)))
    several = sum(row.get("label_count", 0) > 1 for rows in index for row in rows)
    return make_dataset(
        path,
        shards,
        index,
        parser=records.parse,
        labels={PRIMARY_LABEL: names} if names else {},
        kind=KIND,
        assumed=[f"{several} records with several labels are taken as unlabelled"] if several else [],
    )


def summarise(payload: bytes) -> Row:
    """What a record holds: `frames`, `samples`, and as far as it says, rates, times and its label.

    Raises:
        DamagedRecordError: it cannot be parsed, or holds neither frames nor sound.
    """
    example = tf.train.SequenceExample()
    try:
        example.ParseFromString(payload)
    except DecodeError:
        raise DamagedRecordError("it is no SequenceExample") from None
    frames = _values(example, records.FRAMES, "bytes_list")
    samples = sum(len(step) for step in _values(example, records.WAVEFORM, "float_list"))
    pictures = [picture for step in frames for picture in step]
    if not pictures and not samples:
        raise DamagedRecordError(f"it has neither {records.FRAMES} nor {records.WAVEFORM}")
    check_picture(pictures)
    row: Row = {"frames": len(pictures), "samples": samples}
    context = {key: _context(example, key) for key in (FRAME_RATE, records.WAVEFORM_RATE, START, END, LABEL_INDEX)}
    for key, name in ((FRAME_RATE, "frame_rate_fps"), (records.WAVEFORM_RATE, "audio_rate_hz")):
        if context[key]:
            row[name] = float(context[key][0])
    for key, name in ((START, "start_seconds"), (END, "end_seconds")):
        if context[key]:
            row[name] = context[key][0] / records.MICROSECONDS
    return row | _label(example, context[LABEL_INDEX])


def _label(example: tf.train.SequenceExample, indices: Sequence[int]) -> Row:
    if len(indices) != 1:
        return {"label_count": len(indices)}
    texts = [value for key in LABEL_NAMES for value in _context(example, key)]
    name = texts[0].decode(errors="replace") if texts else str(indices[0])
    return {"label_count": 1, "label_index": indices[0], "labels": {PRIMARY_LABEL: name}}


def _values(example: tf.train.SequenceExample, key: str, kind: str) -> list[Any]:
    if key not in example.feature_lists.feature_list:
        return []
    steps = example.feature_lists.feature_list[key].feature
    if any(step.WhichOneof("kind") not in (None, kind) for step in steps):
        raise DamagedRecordError(f"{key} is no {kind}")
    return [getattr(step, kind).value for step in steps]


def _context(example: tf.train.SequenceExample, key: str) -> list[Any]:
    if key not in example.context.feature:
        return []
    feature = example.context.feature[key]
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []
