"""The clips of one or several datasets that an experiment can train on."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config import Config
from brave_tf.data.damage import DamageFinder, DatasetPart
from brave_tf.data.dataset import Dataset, Parser
from brave_tf.data.open import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.errors import UserError
from brave_tf.modalities import MODALITIES, NARROW, Modality

RECORD_COLUMNS = ("shard", "offset", "length", "clip_id")


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
        branches = [lambda parse=parse: parse(serialized) for parse in self._different]
        return tf.switch_case(tf.gather(self._which, dataset), branches)


@dataclasses.dataclass(frozen=True)
class TrainingClips:
    """The clips that an experiment can train on.

    Attributes:
        table: where their records lie.
        left_out: clips that cannot be used, by reason.
        fingerprints: of the datasets, in order.
        parser: reads the record of a row.
        notes: what was taken for granted about the datasets, and what in them is damaged, a line each.
        remarks: what is unusual about the clips for this experiment, a line each.
        parts: the datasets, and how many of the clips are from each.
        modalities: what the experiment takes of a clip.
    """

    table: RecordTable
    left_out: dict[str, int]
    fingerprints: tuple[str, ...]
    parser: RowParser
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    parts: tuple[DatasetPart, ...] = ()
    modalities: tuple[Modality, ...] = ()

    @property
    def count(self) -> int:
        """Clips to train on."""
        return len(self.table)

    def damage_finder(self) -> DamageFinder:
        """Says what is wrong with a clip by its row."""
        return DamageFinder(self.table, self.parts, self.modalities)

    @classmethod
    def open(cls, data: str | Path | Sequence[str | Path], config: Config, split: str = "train") -> "TrainingClips":
        """Chooses the clips of one or several datasets that have every modality of the experiment.

        Raises:
            UserError: a dataset cannot be opened or holds sound of another rate, or no clip has all modalities.
        """
        paths = [data] if isinstance(data, (str, Path)) else list(data)
        datasets = [open_dataset(path) for path in paths]
        needed = [NARROW, *(name for name in config.broad.modalities if name != NARROW)]
        counted = [name for name, record in MODALITIES.items() if record.in_every_dataset or name in needed]
        left_out = {MODALITIES[name].left_out_reason: 0 for name in counted}
        rate_hz = config.broad.audio.sample_rate_hz if config.broad.audio else None
        notes: list[str] = []
        tables, lengths = [], []
        for dataset in datasets:
            _check(dataset, config)
            columns = [MODALITIES[name].column for name in needed]
            clips = dataset.clips(split, [*RECORD_COLUMNS, *columns])
            rows = np.flatnonzero(_has_modalities(clips, needed, left_out))
            if damaged := dataset.damaged(split):
                left_out["damaged"] = left_out.get("damaged", 0) + len(damaged)
            notes += dataset.notes(split, rate_hz)
            tables.append(RecordTable.of(dataset, clips.take(rows)))
            lengths.append({name: clips[MODALITIES[name].column].to_numpy()[rows] for name in needed})
        table = RecordTable.concatenate(tables)
        if len(table) == 0:
            wanted = " and ".join(MODALITIES[name].short_word for name in needed)
            counts = ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count) or "it is empty"
            names = ", ".join(str(path) for path in paths)
            raise UserError(
                f"no clip in split {split!r} of {names} has the {wanted} that {config.name} needs ({counts}); "
                "choose another preset, or prepare media that have it"
            )
        rows_of = [len(each) for each in tables]
        whole = {name: np.concatenate([each[name] for each in lengths]) for name in needed}
        return cls(
            table=table,
            left_out=left_out,
            fingerprints=tuple(dataset.fingerprint for dataset in datasets),
            parser=RowParser([dataset.parser for dataset in datasets], rows_of),
            notes=tuple(notes),
            remarks=tuple(_remarks(whole, config)),
            parts=tuple(DatasetPart(dataset, count, split) for dataset, count in zip(datasets, rows_of, strict=True)),
            modalities=tuple(needed),
        )


def _remarks(lengths: Mapping[Modality, np.ndarray], config: Config) -> list[str]:
    """What is unusual about clips for an experiment, though possible.

    Args:
        lengths: [N] pictures, or samples of sound, of every clip, for each modality that it takes.
        config: the experiment.
    """
    frames = lengths[NARROW]
    count, lines = len(frames), []
    if count < config.batch_size:
        lines.append(
            f"the data has {_clips(count)} for batches of {config.batch_size}: a batch shows each about "
            f"{config.batch_size / count:.2g} times, in other views"
        )
    if single := int(np.sum(frames == 1)):
        lines.append(f"{single:,} of {_clips(count)} have a single frame: nothing moves in their views")
    shorter = {("narrow", config.narrow.seconds): frames < config.narrow.span_frames}
    for name, view in config.broad.visual.items():
        shorter[f"broad {MODALITIES[name].word}", view.seconds] = frames < view.span_frames
    for name, sound in config.broad.sound.items():
        shorter[f"broad {MODALITIES[name].word}", sound.seconds] = lengths[name] < sound.samples
    view_name, seconds = max(shorter, key=lambda each: each[1])
    looping = int(np.sum(shorter[view_name, seconds]))
    if 2 * looping > count:
        lines.append(
            f"{looping:,} of {_clips(count)} are shorter than the longest view ({view_name}, {seconds:.3g} s), which "
            "loops in them"
        )
    return lines


def _clips(count: int) -> str:
    return f"{count:,} clip{'' if count == 1 else 's'}"


def _check(dataset: Dataset, config: Config) -> None:
    for modality, view in config.broad.visual.items():
        dataset.check_pictures(modality, view.step, config.name)
        if view.decode == "small" and dataset.small_side is None:
            raise UserError(
                f"{dataset.path} holds no small frames, which broad.{modality}.decode=small needs; prepare it with "
                f"--broad-size, or train with --set broad.{modality}.decode=full"
            )
    for sound in config.broad.sound.values():
        _check_sound(dataset, sound.sample_rate_hz, config.name)


def _has_modalities(clips: pa.Table, needed: Sequence[Modality], left_out: dict[str, int]) -> np.ndarray:
    """Whether each clip has all of them; one that has not is counted for the first that it lacks."""
    usable = np.ones(clips.num_rows, bool)
    for modality in needed:
        record = MODALITIES[modality]
        has = clips[record.column].to_numpy() > 0
        left_out[record.left_out_reason] += int(np.sum(usable & ~has))
        usable &= has
    return usable


def _check_sound(dataset: Dataset, rate: int, name: str) -> None:
    if dataset.audio_rate_hz not in (None, rate):
        raise UserError(
            f"{dataset.path} holds sound at {dataset.audio_rate_hz} Hz; {name} expects {rate} Hz; prepare it "
            f"with --audio-rate {rate}, or train with --set broad.audio.sample_rate_hz={dataset.audio_rate_hz}"
        )
