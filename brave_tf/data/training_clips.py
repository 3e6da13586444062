"""The clips of one or several datasets that an experiment can train on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import Config, Modality, VideoViewConfig
from brave_tf.data.dataset import Dataset, Parser
from brave_tf.data.open import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError

TRAINING_COLUMNS = ("shard", "offset", "length", "clip_id", "frames", "samples")
NEEDED: dict[Modality, str] = {"flow": "flow", "audio": "sound"}
"""What a clip needs besides frames."""


class RowParser:
    """Reads the record of a row inside a tf.data graph: `parser(serialized, row)`.

    Args:
        parsers: of the datasets, in order.
        counts: rows of each; the rows of all are numbered one after the other.
    """

    def __init__(self, parsers: Sequence[Parser], counts: Sequence[int]):
        self._different = list(dict.fromkeys(parsers))
        self._which = [self._different.index(parser) for parser in parsers]
        self._ends = np.cumsum(counts)

    def __call__(self, serialized: tf.Tensor, row: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the parser of the row's dataset returns."""
        if len(self._different) == 1:
            return self._different[0](serialized)
        dataset = tf.searchsorted(self._ends, [tf.cast(row, tf.int64)], side="right")[0]
        branches = [lambda parse=parse: _complete(parse(serialized)) for parse in self._different]
        return tf.switch_case(tf.gather(self._which, dataset), branches)


def _complete(record: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    # The branches of a switch agree in their keys.
    return {"flow": tf.zeros([0], tf.string), "flow_step": tf.constant(1, tf.int64), **record}


@dataclasses.dataclass(frozen=True)
class TrainingClips:
    """The clips that an experiment can train on.

    Attributes:
        table: where their records lie.
        left_out: clips that cannot be used, by reason.
        fingerprints: of the datasets, in order.
        parser: reads the record of a row.
        notes: what was taken for granted about the datasets, and what in them is damaged, a line each.
    """

    table: RecordTable
    left_out: dict[str, int]
    fingerprints: tuple[str, ...]
    parser: RowParser
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Clips to train on."""
        return len(self.table)

    @classmethod
    def open(cls, data: str | Path | Sequence[str | Path], config: Config, split: str = "train") -> "TrainingClips":
        """Chooses the clips of one or several datasets that have every modality of the experiment.

        Raises:
            UserError: a dataset cannot be opened or holds sound of another rate, or no clip has all modalities.
        """
        paths = [data] if isinstance(data, (str, Path)) else list(data)
        datasets = [open_dataset(path) for path in paths]
        left_out = {"without video": 0, "without sound": 0}
        if config.broad.flow is not None:
            left_out["without flow"] = 0
        rate_hz = config.broad.audio.sample_rate_hz if config.broad.audio else None
        notes: list[str] = []
        tables = []
        for dataset in datasets:
            clips = dataset.clips(split, _columns(dataset))
            usable = _has_modalities(dataset, clips, config, left_out)
            if damaged := dataset.damaged(split):
                left_out["damaged"] = left_out.get("damaged", 0) + len(damaged)
            notes += dataset.notes(split, rate_hz)
            tables.append(RecordTable.of(dataset, clips.take(np.flatnonzero(usable))))
        table = RecordTable.concatenate(tables)
        if len(table) == 0:
            wanted = " and ".join(["video", *(NEEDED[m] for m in config.broad.modalities if m in NEEDED)])
            counts = ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count) or "it is empty"
            names = ", ".join(str(path) for path in paths)
            raise UserError(
                f"no clip in split {split!r} of {names} has the {wanted} that {config.name} needs ({counts})"
            )
        parser = RowParser([dataset.parser for dataset in datasets], [len(table) for table in tables])
        return cls(table, left_out, tuple(dataset.fingerprint for dataset in datasets), parser, tuple(notes))


def _columns(dataset: Dataset) -> tuple[str, ...]:
    # Datasets from before optical flow have no such column.
    return TRAINING_COLUMNS if dataset.flow is None else (*TRAINING_COLUMNS, "flow_frames")


def _has_modalities(dataset: Dataset, clips: pa.Table, config: Config, left_out: dict[str, int]) -> np.ndarray:
    usable = np.asarray(clips["frames"].to_numpy() > 0)
    left_out["without video"] += int(np.sum(~usable))
    if config.broad.flow is not None:
        _check_flow(dataset, config.broad.flow, config.name)
        usable = _also_has(clips["flow_frames"].to_numpy() > 0, usable, left_out, "without flow")
    if config.broad.audio is not None:
        _check_sound(dataset, config.broad.audio.sample_rate_hz, config.name)
        usable = _also_has(clips["samples"].to_numpy() > 0, usable, left_out, "without sound")
    return usable


def _also_has(has: np.ndarray, usable: np.ndarray, left_out: dict[str, int], reason: str) -> np.ndarray:
    left_out[reason] += int(np.sum(usable & ~has))
    return np.asarray(usable & has)


def _check_flow(dataset: Dataset, view: VideoViewConfig, name: str) -> None:
    if dataset.flow is None:
        raise UserError(f"{dataset.path} holds no optical flow, which {name} needs; prepare it with --flow")
    if view.step % dataset.flow.stride:
        raise UserError(
            f"{dataset.path} holds optical flow at every {dataset.flow.stride}th frame; {name} takes every "
            f"{view.step}th; prepare it with a --flow-stride that divides {view.step}"
        )


def _check_sound(dataset: Dataset, rate: int, name: str) -> None:
    if dataset.audio_rate_hz not in (None, rate):
        raise UserError(
            f"{dataset.path} holds sound at {dataset.audio_rate_hz} Hz; {name} expects {rate} Hz; prepare it "
            f"with --audio-rate {rate}, or train with --set broad.audio.sample_rate_hz={dataset.audio_rate_hz}"
        )
