"""Video datasets that TensorFlow Datasets has prepared: `tfds:NAME`, `tfds:NAME/CONFIG:VERSION`."""

import importlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from brave_tf.data.dataset import TFDS_PREFIX, Parser
from brave_tf.data.foreign import ForeignDataset, Shard, check_picture, make_dataset
from brave_tf.data.tfrecord_index import DamagedRecordError, Row, Summarise, index_shards
from brave_tf.errors import UserError

INT16_SCALE = 32768.0
"""TFDS keeps the integers of 16-bit sound."""

Place = tuple[str, ...]
"""Keys from the outermost features to one inside; joined by "/", the key in a `tf.train.Example`."""


def open_tfds(name: str) -> ForeignDataset:
    """Opens a prepared dataset: its first video feature, its first audio feature, and all its class labels.

    Nothing is downloaded, and no code of the dataset is run: what lies in TFDS's data folder (`TFDS_DATA_DIR`) is read.

    Args:
        name: "tfds:" and what `tfds.load` takes.

    Raises:
        UserError: TFDS is not installed, the dataset is unknown or not prepared, it has no video, its files are not
            TFRecords, or see `brave_tf.data.foreign.make_dataset`.
    """
    try:
        tfds = importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise UserError(
            f'received {name}; tensorflow-datasets does not load ({error}): pip install "brave_tf[tfds]"'
        ) from None
    builder = _find(tfds, name)
    features = builder.info.features
    leaves = dict(_leaves(tfds, features))
    video = next((place for place, leaf in leaves.items() if isinstance(leaf, tfds.features.Video)), None)
    if video is None:
        found = ", ".join(f"{'/'.join(place)} ({type(leaf).__name__})" for place, leaf in leaves.items()) or "none"
        raise UserError(f"{name} has no Video feature; it has: {found}")
    audio, assumed = _choose_audio(tfds, leaves)
    labels = {place: leaf for place, leaf in leaves.items() if isinstance(leaf, tfds.features.ClassLabel)}
    shards = _shards(name, builder)
    kind = "/".join(["tfds", *("/".join(place) if place else "-" for place in (video, audio)), *map("/".join, labels)])
    rate = leaves[audio].sample_rate if audio else None
    channels = _channels(leaves[audio]) if audio else 1
    summarise = _summariser("/".join(video), "/".join(audio) if audio else None, channels, rate, labels)
    index = index_shards([shard.path for shard in shards], kind, summarise, f"index {name}")
    return make_dataset(
        Path(name),
        shards,
        index,
        parser=_parser(tfds, features, video, audio),
        labels={"/".join(place): leaf.names for place, leaf in labels.items()},
        kind=kind,
        assumed=assumed,
    )


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
            found = ", ".join(sorted(entry.name for entry in there.iterdir() if entry.is_dir())) or "nothing"
            raise UserError(
                f"received {name}; {there} holds {found}, not what is asked for; name one of these"
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


def _leaves(tfds: Any, features: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    for key, feature in features.items() if isinstance(features, Mapping) or hasattr(features, "items") else ():
        if type(feature) is tfds.features.FeaturesDict:
            yield from _leaves(tfds, feature, (*place, key))
        else:
            yield (*place, key), feature


def _choose_audio(tfds: Any, leaves: Mapping[Place, Any]) -> tuple[Place | None, list[str]]:
    notes = []
    for place, leaf in leaves.items():
        if not isinstance(leaf, tfds.features.Audio):
            continue
        if not leaf.sample_rate:
            notes.append(f"its sound {'/'.join(place)!r} has no sample rate; not used")
        elif leaf.get_serialized_info().np_dtype in (np.str_, np.bytes_, np.object_, object, bytes, str):
            notes.append(f"its sound {'/'.join(place)!r} is stored as a file; not used")
        else:
            return place, notes
    return None, notes


def _channels(audio: Any) -> int:
    return int(audio.shape[1]) if len(audio.shape) > 1 else 1


def _shards(name: str, builder: Any) -> list[Shard]:
    file_format = builder.info.file_format
    if file_format is not None and file_format.value != "tfrecord":
        raise UserError(
            f"{name} is stored as {file_format.value}; expected tfrecord: "
            f"tfds build {name.removeprefix(TFDS_PREFIX)} --file_format=tfrecord"
        )
    splits = builder.info.splits
    shards = [Shard(Path(file), split) for split in sorted(splits) for file in splits[split].filepaths]
    if not shards:
        raise UserError(f"{name} holds no split; prepare it again: tfds build {name.removeprefix(TFDS_PREFIX)}")
    return shards


def _summariser(
    video: str, audio: str | None, channels: int, rate_hz: int | None, labels: Mapping[Place, Any]
) -> Summarise:
    names = {"/".join(place): leaf.names for place, leaf in labels.items()}

    def summarise(payload: bytes) -> Row:
        example = tf.train.Example()
        try:
            example.ParseFromString(payload)
        except DecodeError:
            raise DamagedRecordError("it is no Example") from None
        pictures = _values(example, video)
        samples = len(_values(example, audio)) // channels if audio else 0
        if not pictures and not samples:
            raise DamagedRecordError(f"it has neither {video} nor sound")
        if not all(isinstance(picture, bytes) for picture in pictures):
            raise DamagedRecordError(f"{video} is no list of pictures")
        check_picture(pictures)
        found = {key: _values(example, key) for key in names}
        return {
            "frames": len(pictures),
            "samples": samples,
            "audio_rate_hz": rate_hz,
            "labels": {key: names[key][v[0]] for key, v in found.items() if v and 0 <= v[0] < len(names[key])},
        }

    return summarise


def _values(example: tf.train.Example, key: str) -> list[Any]:
    if key not in example.features.feature:
        return []
    feature = example.features.feature[key]
    kind = feature.WhichOneof("kind")
    return list(getattr(feature, kind).value) if kind else []


def _parser(tfds: Any, features: Any, video: Place, audio: Place | None) -> Parser:
    """Reads one record in the graph; frames stay encoded, and features that are not used stay unread."""
    wanted = [video] if audio is None else [video, audio]
    partial = tfds.decode.PartialDecoding(_nested(dict.fromkeys(wanted, True)))
    chosen = partial.extract_features(features)
    decoders = _nested({video: tfds.decode.SkipDecoding()})

    def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        example = chosen.deserialize_example(serialized, decoders=decoders)
        sound = tf.zeros([0], tf.float32) if audio is None else _waveform(_at(example, audio))
        return {"frames": _at(example, video), "audio": sound, "flow": tf.zeros([0], tf.string)}

    return parse


def _waveform(sound: tf.Tensor) -> tf.Tensor:
    """[N] or [N, channels], integers or floats -> [N] float32, the mean of the channels."""
    scale = INT16_SCALE if sound.dtype.is_integer else 1.0
    samples = tf.cast(sound, tf.float32) / scale
    return samples if samples.shape.rank == 1 else tf.reduce_mean(samples, axis=1)


def _nested(flat: Mapping[Place, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for place, value in flat.items():
        branch = tree
        for key in place[:-1]:
            branch = branch.setdefault(key, {})
        branch[place[-1]] = value
    return tree


def _at(tree: Any, place: Place) -> Any:
    for key in place:
        tree = tree[key]
    return tree
