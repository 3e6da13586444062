"""Ranks the kept checkpoints of a run by the features that they give the same clips, with and without labels."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from brave_tf.config import EvaluationInput
from brave_tf.config.values import to_dict
from brave_tf.data.damage import NAMED, DamageFinder, DatasetPart
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.data.read import RecordTable
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UsageError, UserError
from brave_tf.evaluation import scores
from brave_tf.evaluation.feature_files import FeatureFolder, Features, are_damaged
from brave_tf.evaluation.feature_rank import rank_me
from brave_tf.evaluation.features import Embedder, window_features
from brave_tf.evaluation.request import check_fit
from brave_tf.modalities import MODALITIES, TowerChoice
from brave_tf.progress import Advance, phase, track, warn
from brave_tf.runs.directory import data_places, finished_summary, read_config
from brave_tf.runs.paths import checkpoint_steps
from brave_tf.runs.ranking import CheckpointRanking, RankedCheckpoint
from brave_tf.training.probe import ProbeClips, evenly

LEAST_CLIPS, MOST_CLIPS = 4, 20_000
"""With more, the singular values of their features would take minutes and gigabytes."""
AT_ONCE = 4
"""Encoders in memory; each clip is decoded once for all of them."""


def rank_checkpoints(
    run: Path,
    data: str | Path | None = None,
    *,
    tower: TowerChoice | None = None,
    label: str | None = None,
    clips: int = 2000,
    cache: Path | None = None,
) -> CheckpointRanking:
    """Ranks the checkpoints that a run keeps, and its finished encoder.

    Of each clip one central window is embedded as in evaluation. Where the clips have labels, half of them are of the
    training split, and classify the others by kNN, as the probe of the training does.

    Args:
        run: the run directory.
        data: a dataset; None for the run's own, of several the first with labels.
        tower: which backbone.
        label: label column; None for that of the run's probe.
        clips: how many are embedded at most, evenly from all.
        cache: folder of features, from where an interrupted ranking goes on; None keeps them in memory.

    Raises:
        UsageError: `clips` is out of range.
        UserError: there is no run or no dataset, none of the checkpoints can be read, or no clip can be embedded.
    """
    if not LEAST_CLIPS <= clips <= MOST_CLIPS:
        raise UsageError(f"received --clips {clips}; expected {LEAST_CLIPS} to {MOST_CLIPS:,}")
    places = [data] if data is not None else _own_places(run)
    steps = sorted({*checkpoint_steps(run), *_finished(run)})
    if not steps:
        raise UserError(f"{run} keeps no checkpoint yet; expected at least one to rank; try again later")
    remarks: list[str] = []
    with phase("loading the encoder"):
        last = _load(run, tower, steps)
    config = read_config(run)
    view = dataclasses.replace(last.card.view, windows=1, crops=1)
    input_view = dataclasses.replace(last.card.input_view, view=view)
    wanted_label = label if label is not None else config.monitor.probe_label
    probe = ProbeClips.choose(places, clips, wanted_label, input_view.modality, "--label ")
    if probe is None and label is not None:
        raise UserError(
            f"no clips of {', '.join(map(str, places))} can be scored by the label {label!r}; expected a column with "
            "one class per clip, and clips of two classes; leave --label out to rank without one"
        )
    dataset = open_dataset(places[0]) if probe is None else probe.dataset
    check_fit(last, dataset)
    table = _all_clips(dataset, input_view, clips) if probe is None else probe.clips
    maker = _FeatureMaker(run, tower, dataset, table, input_view, FeatureFolder(cache), remarks)
    features = maker.features(steps, config.seed)
    if not features:
        raise UserError(f"no checkpoint can be ranked: {'; '.join(remarks)}; choose another run")
    damaged = np.any([are_damaged(each) for each in features.values()], axis=0)
    if damaged.all():
        raise UserError(
            f"none of the {len(damaged)} clips of {dataset.path} that were drawn can be used; run `brave-tf verify` on "
            "it"
        )
    remarks += _damage_lines(dataset, table, input_view, np.flatnonzero(damaged))
    for line in remarks:
        warn(f"{line}")
    ranked = {step: _ranked(step, each.array(), ~damaged, probe) for step, each in features.items()}
    untrained = ranked.pop(0, None)
    return CheckpointRanking(
        tower=last.card.tower,
        dataset=str(dataset.path),
        clips=int(np.sum(~damaged)),
        embedding_size=last.embedding_size,
        checkpoints=sorted(ranked.values(), key=lambda each: each.features_rank, reverse=True),
        untrained=untrained,
        label=None if probe is None else probe.label,
        queries=0 if probe is None else int(np.sum(~probe.known & ~damaged)),
        chance=None if probe is None else probe.chance,
        remarks=remarks,
    )


def _own_places(run: Path) -> list[str]:
    read_config(run)
    places = data_places(run)
    if not places:
        raise UserError(f"{run} does not say where its dataset is; give it with --data")
    for place in places:
        try:
            open_dataset(place)
        except UserError as error:
            raise UserError(f"{error}; {run} was trained on what was there; give it with --data") from error
    return places


def _finished(run: Path) -> list[int]:
    summary = finished_summary(run)
    return [] if summary is None else [int(summary["steps"])]


def _load(run: Path, tower: TowerChoice | None, steps: Sequence[int]) -> Encoder:
    """The newest encoder that can be read."""
    problems = []
    for step in reversed(steps):
        try:
            return load_encoder(run, tower, step=step)
        except UserError as error:
            problems.append(str(error))
    raise UserError("; ".join(problems))


def _all_clips(dataset: Dataset, input_view: EvaluationInput, most: int) -> pa.Table:
    """Clips of a dataset without labels, evenly from all of its splits."""
    facts, table = MODALITIES[input_view.modality], dataset.clips()
    has = np.zeros(table.num_rows, bool)
    if facts.column in table.column_names:
        has = table[facts.column].to_numpy() > 0
    if not has.any():
        raise UserError(
            f"none of the {table.num_rows} clips in {dataset.path} has {facts.short_word}; choose another --tower or "
            "--data"
        )
    return table.take(evenly(np.flatnonzero(has), most))


@dataclasses.dataclass(frozen=True)
class _FeatureMaker:
    run: Path
    tower: TowerChoice | None
    dataset: Dataset
    clips: pa.Table
    input_view: EvaluationInput
    folder: FeatureFolder
    remarks: list[str]

    def features(self, steps: Sequence[int], seed: int) -> dict[int, Features]:
        """Features [clips, 1, D] by step, of random initialisation by 0; what cannot be read is remarked."""
        made: dict[int, Features] = {}
        waiting = list(steps)
        with track(len(steps) * self.clips.num_rows, f"embed clips with {len(steps)} checkpoints") as advance:
            while waiting:
                group, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
                encoders = self._encoders(group, with_random=not made, seed=seed)
                into = {step: self._open(encoder) for step, encoder in encoders.items()}
                embeds = [Embedder(encoder, self.input_view.modality) for encoder in encoders.values()]
                if encoders:
                    of_group = _times(advance, len(group))
                    window_features(embeds, self.dataset, self.clips, self.input_view, of_group, list(into.values()))
                made |= into
        return made

    def _encoders(self, steps: Sequence[int], *, with_random: bool, seed: int) -> dict[int, Encoder]:
        encoders: dict[int, Encoder] = {}
        for step in steps:
            try:
                encoders[step] = load_encoder(self.run, self.tower, step=step)
            except UserError as error:
                self.remarks.append(f"left out: {error}")
        twin = next(iter(encoders.values())).random_twin(seed) if with_random and encoders else None
        return encoders if twin is None else {0: twin, **encoders}

    def _open(self, encoder: Encoder) -> Features:
        audio = self.input_view.audio
        about: dict[str, Any] = {
            "kind": "checkpoints",
            "encoder": encoder.weights_sha256(),
            "network": encoder.card.network,
            "dataset": self.dataset.fingerprint,
            "modality": self.input_view.modality,
            "view": dataclasses.asdict(self.input_view.view),
            "audio": None if audio is None else to_dict(audio),
        }
        return self.folder.open(about, self.clips["clip_id"].to_pylist(), self.clips.num_rows)


def _times(advance: Advance, factor: int) -> Advance:
    """Progress of which each unit counts for several."""

    def several(done: int = 1, note: str = "") -> None:
        advance(done * factor, note)

    return several


def _ranked(step: int, vectors: np.ndarray, usable: np.ndarray, probe: ProbeClips | None) -> RankedCheckpoint:
    rank = rank_me(vectors[usable].mean(axis=1))
    answers = np.zeros(0, bool) if probe is None else probe.answers(np.asarray(vectors))
    if not answers.size:
        return RankedCheckpoint(step, rank)
    low, high = scores.interval([answers.astype(float)])
    return RankedCheckpoint(step, rank, float(answers.mean()), (low, high))


def _damage_lines(dataset: Dataset, clips: pa.Table, input_view: EvaluationInput, rows: np.ndarray) -> list[str]:
    if not len(rows):
        return []
    table = RecordTable.of(dataset, clips)
    finder = DamageFinder(table, [DatasetPart(dataset, len(table))], [input_view.modality])
    lines = [f"damaged and left out: {finder.clip(int(row))}" for row in rows[:NAMED]]
    return lines + ([f"and {len(rows) - NAMED:,} more damaged clips are left out"] if len(rows) > NAMED else [])
