"""DMVR shards as they are: TFRecord files of `SequenceExample` records, such as DeepMind's released code reads."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError

from brave_tf.data import record_keys, records
from brave_tf.data.dataset import PRIMARY_LABEL
from brave_tf.data.foreign import (
    ForeignDataset,
    ShardFile,
    check_picture,
    make_dataset,
    read_feature,
    read_values,
)
from brave_tf.data.record_labels import label_records
from brave_tf.data.shard_names import check_sets, split_notes
from brave_tf.data.tfrecord_index import DamagedRecordError, Row, index_shards
from brave_tf.errors import UserError

KIND = "dmvr"
FRAME_RATE = "image/frame_rate"
LABEL_INDEX = "clip/label/index"
LABEL_NAMES = ("clip/label/text", "clip/label/string")
START, END = "clip/start/timestamp", "clip/end/timestamp"


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
    notes = [*check_sets(path, shards), *split_notes(path, shards)]
    index = index_shards([shard.path for shard in shards], KIND, summarise, f"index {path}")
    labelling = label_records(index)
    return make_dataset(
        path,
        shards,
        labelling.index,
        parser=records.parse_frames_and_sound,
        labels={PRIMARY_LABEL: labelling.classes} if labelling.classes else {},
        multilabel=[PRIMARY_LABEL] if labelling.several else [],
        kind=KIND,
        assumed=[*notes, *labelling.notes],
    )


def summarise(payload: bytes) -> Row:
    """What a record holds: `frames`, `samples`, and as far as it says, rates, times and its labels.

    Raises:
        DamagedRecordError: it cannot be parsed, holds neither frames nor sound, or has something of another kind than
            expected under a key that is read.
    """
    example = tf.train.SequenceExample()
    try:
        example.ParseFromString(payload)
    except DecodeError:
        raise DamagedRecordError("it is no SequenceExample") from None
    pictures = _steps(example, record_keys.FRAMES, "bytes_list")
    samples = len(_steps(example, record_keys.WAVEFORM, "float_list"))
    if not pictures and not samples:
        raise DamagedRecordError(_why_empty(example))
    check_picture(pictures)
    row: Row = {"frames": len(pictures), "samples": samples}
    for key, name in ((FRAME_RATE, "frame_rate_fps"), (record_keys.WAVEFORM_RATE, "audio_rate_hz")):
        if rate := _number(example, key):
            row[name] = rate
    for key, name in ((START, "start_seconds"), (END, "end_seconds")):
        if (time := _number(example, key)) is not None:
            row[name] = time / record_keys.MICROSECONDS
    indices = read_values(example.context.feature, LABEL_INDEX, ["int64_list"])
    texts = [text for key in LABEL_NAMES for text in read_values(example.context.feature, key, ["bytes_list"])]
    if indices:
        row["label_indices"] = indices
    if texts:
        row["label_texts"] = [text.decode(errors="replace") for text in texts]
    return row


def _number(example: tf.train.SequenceExample, key: str) -> float | None:
    values = read_values(example.context.feature, key, ["int64_list", "float_list"])
    if not values:
        return None
    if not math.isfinite(values[0]) or values[0] < 0:
        raise DamagedRecordError(f"{key} is {values[0]:g}; expected a number that is not negative")
    return float(values[0])


def _steps(example: tf.train.SequenceExample, key: str, kind: str) -> list[Any]:
    """The values of all steps of a feature list, one after the other."""
    lists = example.feature_lists.feature_list
    steps = lists[key].feature if key in lists else []
    return [value for step in steps for value in read_feature(step, key, [kind])]


def _why_empty(example: tf.train.SequenceExample) -> str:
    line = f"it has neither {record_keys.FRAMES} nor {record_keys.WAVEFORM}"
    # An Example parses as the context of a SequenceExample.
    outside = [key for key in (record_keys.FRAMES, record_keys.WAVEFORM) if key in example.context.feature]
    return f"{line} as a list of steps, but an Example's {outside[0]}" if outside else line
