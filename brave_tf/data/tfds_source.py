"""Video datasets that TensorFlow Datasets has prepared: `tfds:NAME`, `tfds:NAME/CONFIG:VERSION`."""

import dataclasses
import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from google.protobuf.runtime_version import VersionError

from brave_tf.data import records
from brave_tf.data.dataset import TFDS_PREFIX, Parser
from brave_tf.data.foreign import ForeignDataset, ShardFile, check_picture, make_dataset, read_values
from brave_tf.data.tfrecord_index import DamagedRecordError, Row, Summarise, index_shards
from brave_tf.errors import UserError, short_reason
from brave_tf.quiet import silenced_libraries
from brave_tf.storage import as_path

INT16_SCALE = 32768.0
"""TFDS keeps the integers of 16-bit sound."""
FOR_OLDER_PROTOBUF = "tensorflow-metadata<1.18"
"""What TFDS needs beside protobuf 6.30 and older; tensorflow-metadata 1.21 does not load there, though it says so."""


@dataclasses.dataclass(frozen=True)
class _Layout:
    """Under which keys the `tf.train.Example`s of a dataset keep what is read of them.

    Attributes:
        video: encoded frames.
        labels: class names of every label.
        audio: samples, or None; of several channels one after the other, sample by sample.
        audio_rate_hz: their rate.
        channels: their channels.
        integers: whether they are integers rather than floats.
    """

    video: str
    labels: dict[str, list[str]]
    audio: str | None = None
    audio_rate_hz: int | None = None
    channels: int = 1
    integers: bool = True


def open_tfds(name: str) -> ForeignDataset:
    """Opens a prepared dataset: its first video and audio feature by name, and all its class labels.

    Nothing is downloaded, and no code of the dataset is run: what lies in TFDS's data folder (`TFDS_DATA_DIR`) is read.

    Args:
        name: "tfds:" and what `tfds.load` takes.

    Raises:
        UserError: TFDS is not installed, the dataset is unknown or not prepared, it has no video, its files are not
            TFRecords, or see `brave_tf.data.foreign.make_dataset`.
    """
    tfds = _load(name)
    builder = _find(tfds, name)
    layout, assumed = _layout(tfds, name, builder.info.features)
    shards = _shards(name, builder)
    kind = json.dumps(["tfds", dataclasses.asdict(layout)])
    index = index_shards([shard.path for shard in shards], kind, _summariser(layout), f"index {name}")
    return make_dataset(
        Path(name), shards, index, parser=_parser(layout), labels=layout.labels, kind=kind, assumed=assumed
    )


def _load(name: str) -> Any:
    """The package. It logs the trace of what fails in it and is imported all the same, without its names."""
    try:
        with silenced_libraries():
            tfds = importlib.import_module("tensorflow_datasets")
            importlib.import_module("tensorflow_datasets.public_api")
    except VersionError as error:
        raise UserError(
            f"received {name}; tensorflow-datasets does not load beside this protobuf ({short_reason(error)}): "
            f'pip install "{FOR_OLDER_PROTOBUF}"'
        ) from None
    except ImportError as error:
        raise UserError(
            f'received {name}; tensorflow-datasets does not load ({error}): pip install "brave_tf[tfds]"'
        ) from None
    return tfds


def _find(tfds: Any, name: str) -> Any:
    """The builder of a prepared dataset, from its files alone."""
    wanted = name.removeprefix(TFDS_PREFIX)
    folder = os.environ.get("TFDS_DATA_DIR") or None
    place = folder or tfds.core.constants.DATA_DIR
    try:
        return tfds.core.read_only_builder.builder_from_files(wanted, data_dir=folder)
    except tfds.core.DatasetNotFoundError:
        known = wanted.split("/")[0].split(":")[0]
        there = Path(place) / known
        if there.is_dir():
            versions = ", ".join(sorted(entry.name for entry in there.iterdir() if entry.is_dir())) or "nothing"
            raise UserError(
                f"received {name}; {there} holds {versions}, not what is asked for; name one of these"
            ) from None
        if known in tfds.list_builders(with_community_datasets=False):
            raise UserError(
                f"{name} is not prepared in {place}; prepare it (this may download much): tfds build {wanted}; "
                "or set TFDS_DATA_DIR to where it is"
            ) from None
        raise UserError(
            f"received {name}; neither is it in {place} nor does TFDS know {known!r}; "
            "expected a dataset's name, or TFDS_DATA_DIR set to where it is"
        ) from None
    except (ValueError, OSError, KeyError, AttributeError, tf.errors.OpError) as error:
        why = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"{name} cannot be opened ({why}); expected {TFDS_PREFIX}NAME/CONFIG:VERSION") from None


def _leaves(tfds: Any, features: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    # In the order of the alphabet: TFDS gives a prepared dataset's features in another order in every process.
    for key, feature in sorted(features.items()) if hasattr(features, "items") else ():
        if type(feature) is tfds.features.FeaturesDict:
            yield from _leaves(tfds, feature, (*place, key))
        else:
            yield (*place, key), feature


def _layout(tfds: Any, name: str, features: Any) -> tuple[_Layout, list[str]]:
    """What to read, and a line on each video or sound that is passed over."""
    leaves = {"/".join(place): leaf for place, leaf in _leaves(tfds, features)}
    videos = [key for key, leaf in leaves.items() if isinstance(leaf, tfds.features.Video)]
    if not videos:
        types = ", ".join(f"{key} ({type(leaf).__name__})" for key, leaf in leaves.items()) or "none"
        raise UserError(
            f"{name} has no Video feature; it has: {types}; expected one: choose another dataset, or prepare its media "
            "with `brave-tf prepare`"
        )
    video, *others = videos
    notes = [f"its video {video!r} is used, not {', '.join(others)}"] if others else []
    labels = {key: list(leaf.names) for key, leaf in leaves.items() if _is_label(tfds, leaf)}
    for key, leaf in leaves.items():
        if not isinstance(leaf, tfds.features.Audio):
            continue
        if not leaf.sample_rate:
            notes.append(f"its sound {key!r} has no sample rate; not used")
        elif leaf.get_serialized_info().tf_dtype == tf.string:
            notes.append(f"its sound {key!r} is not stored as numbers; not used")
        else:
            channels = int(leaf.shape[1]) if len(leaf.shape) > 1 else 1
            integers = bool(np.issubdtype(leaf.np_dtype, np.integer))
            return _Layout(video, labels, key, int(leaf.sample_rate), channels, integers), notes
    return _Layout(video, labels), notes


def _is_label(tfds: Any, leaf: Any) -> bool:
    # A label may have neither names nor a number of classes.
    return isinstance(leaf, tfds.features.ClassLabel) and bool(leaf.num_classes)


def _shards(name: str, builder: Any) -> list[ShardFile]:
    file_format = builder.info.file_format
    if file_format is not None and file_format.value != "tfrecord":
        raise UserError(
            f"{name} is stored as {file_format.value}; expected tfrecord: "
            f"tfds build {name.removeprefix(TFDS_PREFIX)} --file_format=tfrecord"
        )
    splits = builder.info.splits
    shards = [ShardFile(as_path(file), split) for split in sorted(splits) for file in splits[split].filepaths]
    if not shards:
        raise UserError(f"{name} holds no split; prepare it again: tfds build {name.removeprefix(TFDS_PREFIX)}")
    return shards


def _summariser(layout: _Layout) -> Summarise:
    names = layout.labels

    def summarise(payload: bytes) -> Row:
        example = tf.train.Example()
        try:
            example.ParseFromString(payload)
        except DecodeError:
            raise DamagedRecordError("it is no Example") from None
        features = example.features.feature
        pictures = read_values(features, layout.video, ["bytes_list"])
        samples = 0
        if layout.audio:
            kind = "int64_list" if layout.integers else "float_list"
            values = len(read_values(features, layout.audio, [kind]))
            samples, rest = divmod(values, layout.channels)
            if rest:
                raise DamagedRecordError(f"{layout.audio} has {values} samples; expected {layout.channels} channels")
        if not pictures and not samples:
            raise DamagedRecordError(f"it has neither {layout.video} nor sound")
        check_picture(pictures)
        classes = {key: read_values(features, key, ["int64_list"])[:1] for key in names}
        return {
            "frames": len(pictures),
            "samples": samples,
            "audio_rate_hz": layout.audio_rate_hz,
            "labels": {key: names[key][n] for key, each in classes.items() for n in each if 0 <= n < len(names[key])},
        }

    return summarise


def _parser(layout: _Layout) -> Parser:
    """Reads one record in the graph; frames stay encoded, and features that are not used stay unread."""
    # Not by TFDS's `deserialize_example`, which maps over the frames even where it leaves them encoded.
    kinds = {layout.video: tf.io.VarLenFeature(tf.string)}
    if layout.audio is not None:
        kinds[layout.audio] = tf.io.VarLenFeature(tf.int64 if layout.integers else tf.float32)

    def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        example = tf.io.parse_single_example(serialized, kinds)
        samples = tf.zeros([0], tf.float32)
        if layout.audio is not None:
            scaled = tf.cast(example[layout.audio].values, tf.float32) / (INT16_SCALE if layout.integers else 1.0)
            samples = tf.reduce_mean(tf.reshape(scaled, [-1, layout.channels]), axis=1)
        return {**records.empty(), "frames": example[layout.video].values, "audio": samples}

    return parse
