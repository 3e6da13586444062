"""Checks one record: what training would read of it, and what the clip table says of it."""

import dataclasses
import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf.data.dataset import LABEL_PREFIX, PRIMARY_LABEL, Dataset
from brave_tf.data.foreign import ForeignDataset
from brave_tf.data.record_keys import MICROSECONDS, WAVEFORM_RATE
from brave_tf.errors import reason_of
from brave_tf.modalities import MODALITIES, NARROW
from brave_tf.verification.fingerprint import Fingerprint, Pixels, fingerprint
from brave_tf.verification.pictures import check_pictures

DIGEST_BYTES = 16
_ID, _SOURCE, _INDEX, _NAMES = "clip/index", "clip/media_id", "clip/label/index", "clip/label/string"
_START, _END = "clip/start/timestamp", "clip/end/timestamp"

Row = Mapping[str, Any]
"""A row of the clip table."""


@dataclasses.dataclass(frozen=True)
class CheckedRecord:
    """What was found in a record.

    Attributes:
        reasons: what is wrong with it.
        digest: [DIGEST_BYTES] of its pictures and sound, byte for byte.
        fingerprint: of the same, as they look and sound. Neither is of use where something is wrong.
    """

    reasons: tuple[str, ...]
    digest: bytes = bytes(DIGEST_BYTES)
    fingerprint: Fingerprint | None = None


class RecordChecker:
    """Checks the records of a dataset, in several threads at a time.

    Args:
        dataset: where they come from.
        stop: ends the work early; calls then raise `StoppedError`.
    """

    def __init__(self, dataset: Dataset, stop: threading.Event):
        self._dataset = dataset
        self._stop = stop
        # The table of a dataset of others is made from its records.
        self._compare = not isinstance(dataset, ForeignDataset)
        self._labels = {
            column: _NAMES if column == PRIMARY_LABEL else f"{LABEL_PREFIX}{column}" for column in dataset.labels
        }
        kinds = dict.fromkeys((_ID, _INDEX, _START, _END), tf.int64) | {WAVEFORM_RATE: tf.float32, _SOURCE: tf.string}
        kinds |= dict.fromkeys(self._labels.values(), tf.string)
        context_features = {key: tf.io.VarLenFeature(kind) for key, kind in kinds.items()}

        def read(serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
            if not self._compare:
                return dataset.parser(serialized), {}
            context, _ = tf.io.parse_single_sequence_example(serialized, context_features=context_features)
            return dataset.parser(serialized), {key: value.values for key, value in context.items()}

        # Traced once, here, and not in several threads.
        self._read = tf.function(read, autograph=False).get_concrete_function(tf.TensorSpec([], tf.string))

    def check(self, payload: bytes, row: Row) -> CheckedRecord:
        """Checks a record against its row of the clip table."""
        try:
            record, context = self._read(tf.constant(payload))
        except tf.errors.OpError as error:
            return CheckedRecord((f"it is no record that can be read ({reason_of(error)})",))
        content = {key: values.numpy() for key, values in record.items()}
        reasons = [*self._counts(content, row), *self._compared(content, context, row)]
        size: tuple[int, int] | None = None
        thumbnails: tuple[Pixels, ...] = ()
        for name, facts in MODALITIES.items():
            if facts.is_sound:
                reasons += _sound(content[facts.key])
                continue
            found = check_pictures(
                content[facts.key], facts, "frame" if name == NARROW else f"{facts.word} picture", self._stop
            )
            reasons += found.reasons
            if name == NARROW:
                size, thumbnails = found.size, found.thumbnails
        small = check_pictures(content["small_frames"], MODALITIES[NARROW], "small frame", self._stop)
        reasons += small.reasons
        if reasons:
            return CheckedRecord(tuple(reasons))
        sound = content[MODALITIES["audio"].key]
        mark = fingerprint(thumbnails, sound, self._dataset.audio_rate_hz) if size or sound.size else None
        return CheckedRecord((), _digest(content[MODALITIES[NARROW].key], sound), mark)

    def _counts(self, content: Mapping[str, Any], row: Row) -> list[str]:
        reasons = []
        for facts in MODALITIES.values():
            said, there = row.get(facts.column) or 0, len(content[facts.key])
            # Foreign flow is not read, whose form nothing promises.
            if said != there and (self._compare or facts.in_every_dataset):
                reasons.append(f"the table says {said:,} {facts.column}, the record has {there:,}")
        frames, small = len(content[MODALITIES[NARROW].key]), len(content["small_frames"])
        if self._dataset.small_side is not None and small != frames:
            reasons.append(f"it has {small:,} small frames for {frames:,} frames")
        return reasons

    def _compared(self, content: Mapping[str, Any], context: Mapping[str, tf.Tensor], row: Row) -> list[str]:
        """What the record says otherwise than the table and `dataset.json`."""
        if not self._compare:
            return []
        told = {key: _plain(values) for key, values in context.items()}
        said: dict[str, tuple[str, list[Any]]] = {
            _ID: ("clip_id", [row["clip_id"]]),
            _SOURCE: ("source", [row["source"]]),
            _START: ("start_seconds", [round(row["start_seconds"] * MICROSECONDS)]),
            _END: ("end_seconds", [round(row["end_seconds"] * MICROSECONDS)]),
        }
        for column, key in self._labels.items():
            said[key] = (f"{LABEL_PREFIX}{column}", _names(row[f"{LABEL_PREFIX}{column}"]))
        if PRIMARY_LABEL in self._labels:
            indices = [self._dataset.labels[PRIMARY_LABEL].index(name) for name in said[_NAMES][1]]
            said[_INDEX] = ("the classes in dataset.json", indices)
        if len(content[MODALITIES["audio"].key]):
            said[WAVEFORM_RATE] = ("audio_rate_hz in dataset.json", [float(self._dataset.audio_rate_hz or 0)])
        reasons = [
            f"its {key} is {_shown(told[key])}; expected {_shown(expected)} by {column}"
            for key, (column, expected) in said.items()
            if told[key] != expected
        ]
        for name, facts in MODALITIES.items():
            stride = self._dataset.picture_stride(name) if not facts.is_sound and not facts.in_every_dataset else None
            if stride is not None and len(content[facts.key]) and content[facts.step_key] != stride:
                step = int(content[facts.step_key])
                reasons.append(f"its {facts.word} is at every {step}th frame, by dataset.json at every {stride}th")
        return reasons


def _sound(samples: np.ndarray) -> list[str]:
    wrong = np.flatnonzero(~np.isfinite(samples))
    if not wrong.size:
        return []
    return [f"{wrong.size:,} of its {samples.size:,} samples are not finite, the first is number {wrong[0]}"]


def _digest(frames: Sequence[bytes], samples: np.ndarray) -> bytes:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for frame in frames:
        digest.update(len(frame).to_bytes(8, "little"))
        digest.update(frame)
    digest.update(samples.tobytes())
    return digest.digest()


def _plain(values: tf.Tensor) -> list[Any]:
    return [value.decode(errors="replace") if isinstance(value, bytes) else value for value in values.numpy().tolist()]


def _names(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _shown(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values)) or "absent"
