"""A look at the encoder while it trains: nearest neighbours among clips with labels, which training never sees."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa

from brave_tf.config import Config, EvaluationInput
from brave_tf.data.dataset import CLIPS_PER_SOURCE, Dataset
from brave_tf.data.open import open_dataset
from brave_tf.errors import UserError, did_you_mean
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import InMemory, are_damaged
from brave_tf.evaluation.feature_rank import rank_me
from brave_tf.evaluation.features import Embedder, window_features
from brave_tf.evaluation.folds import choose_label
from brave_tf.evaluation.protocols.knn import knn_decisions
from brave_tf.method.step_function import finished_steps
from brave_tf.modalities import NARROW, Modality
from brave_tf.progress import warn
from brave_tf.training.callbacks import PROBE_METRIC
from brave_tf.training.strategy import is_chief

NEIGHBOURS = 20
TRAIN_SPLIT = "train"


@dataclasses.dataclass(frozen=True)
class ProbeClips:
    """Labelled clips of a dataset, some to be classified by their nearest among the others.

    Attributes:
        dataset: where they are.
        clips: [N] rows of its clip table.
        labels: [N] class indices.
        known: [N] which are the neighbours.
        label: the label column.
    """

    dataset: Dataset
    clips: pa.Table
    labels: np.ndarray
    known: np.ndarray
    label: str = ""

    @classmethod
    def choose(
        cls,
        data: Sequence[str | Path],
        most: int,
        label: str = "",
        modality: Modality = NARROW,
        option: str = "--set monitor.probe_label=",
    ) -> "ProbeClips | None":
        """Takes clips of the first dataset with one label per clip, evenly from its training split and from its others.

        In a dataset with a training split alone, every second video is classified by the rest. Labels that a probe
        cannot use are no reason to stop a training: why there is no probe is said.

        Args:
            data: what `open_dataset` takes.
            most: clips in all, at most.
            label: the label column; empty is `label`, or the only one.
            modality: what the clips must have.
            option: what the label column is chosen with, for messages.

        Returns:
            The clips, or None if there are no two classes of labelled clips on either side.
        """
        for path in data:
            dataset = open_dataset(path)
            # Neighbours vote for one class.
            if not dataset.labels or dataset.multilabel:
                continue
            if (problem := _without_column(dataset, label, option)) is not None:
                warn(f"no kNN probe on {path}: {problem}")
                continue
            try:
                return cls._of(dataset, most, label, modality)
            except UserError as error:
                warn(f"no kNN probe on {path}: {error}")
        return None

    @classmethod
    def _of(cls, dataset: Dataset, most: int, label: str, modality: Modality) -> "ProbeClips | None":
        labelled = LabelledClips.of(dataset, choose_label(dataset, label or None), modality)
        clips, labels = labelled.table, labelled.labels
        known = np.array([split == TRAIN_SPLIT for split in clips["split"].to_pylist()])
        if known.all() or not known.any():
            known = clips["clip_id"].to_numpy() // CLIPS_PER_SOURCE % 2 == 0
        rows = np.sort(np.concatenate([evenly(np.flatnonzero(side), most // 2) for side in (known, ~known)]))
        chosen = cls(dataset, clips.take(rows), labels[rows], known[rows], labelled.label)
        several = len(np.unique(chosen.labels[chosen.known])) > 1 and not chosen.known.all()
        return chosen if several else None

    @property
    def chance(self) -> float:
        """Accuracy of always answering the most frequent class of the neighbours."""
        most_frequent = np.argmax(np.bincount(self.labels[self.known]))
        return float(np.mean(self.labels[~self.known] == most_frequent))

    def answers(self, vectors: np.ndarray) -> np.ndarray:
        """[n] whether the nearest neighbours of each clip that is not one of them say its class; none of damaged ones.

        Args:
            vectors: [N, V, D] embeddings of the clips.
        """
        usable = ~are_damaged(InMemory(vectors))
        known, queries = self.known & usable, ~self.known & usable
        if not (known.any() and queries.any()):
            return np.zeros(0, bool)
        classes = int(self.labels.max()) + 1
        votes = knn_decisions(vectors[known], self.labels[known], vectors[queries], NEIGHBOURS, classes)
        return np.asarray(votes.argmax(axis=1) == self.labels[queries])


class KNNProbe(keras.callbacks.Callback):
    """Adds `knn_top1`, `knn_chance` and `features_rank` to the metrics of every `every`-th step.

    They are of one central window of each clip; the last is `brave_tf.evaluation.feature_rank.rank_me`.

    Of several workers the first probes, and the others wait for it.

    Args:
        clips: what to classify.
        config: the experiment; its evaluation-time input is used.
        every: steps between two probes.
    """

    def __init__(self, clips: ProbeClips, config: Config, every: int):
        super().__init__()
        self._clips = clips
        view = dataclasses.replace(config.evaluation, windows=1, crops=1)
        self._input_view = EvaluationInput(view=view, augment=config.narrow.augment)
        self._every = every

    def on_train_begin(self, logs: Any = None) -> None:
        """Prepares the encoder's graph."""
        self._probes = is_chief(self.model.distribute_strategy)
        self._embed = Embedder(self.model.encoder, is_gray=self._input_view.is_gray)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Probes when it is due."""
        if logs is None or not self._probes or finished_steps(self.model) % self._every:
            return
        logs.update(self.measure())

    def accuracy(self) -> float:
        """Share of the clips that their nearest neighbours classify right, in [0, 1]; damaged ones are left out."""
        return self.measure()[PROBE_METRIC]

    def measure(self) -> dict[str, float]:
        """What it adds to the metrics; NaN where all clips are damaged."""
        probe = self._clips
        (vectors,) = window_features([self._embed], probe.dataset, probe.clips, self._input_view, _say_nothing)
        answers, whole = probe.answers(vectors), vectors[~are_damaged(InMemory(vectors))]
        return {
            PROBE_METRIC: float(np.mean(answers)) if answers.size else math.nan,
            "knn_chance": probe.chance,
            "features_rank": rank_me(whole.mean(axis=1)) if len(whole) else math.nan,
        }


def _without_column(dataset: Dataset, label: str, option: str) -> str | None:
    """Why no label column is meant; None if one is."""
    columns = [name for name in dataset.labels if name not in dataset.official_folds]
    if label in columns or (not label and ("label" in columns or len(columns) == 1)):
        return None
    given = f"received {option.removeprefix('--set ')}{label}; {did_you_mean(label, columns)}" if label else ""
    listed = ", ".join(columns) or "none"
    return f"{given}its label columns are {listed}; choose one with {option}NAME"


def _say_nothing(done: int = 1, note: str = "") -> None:
    """The progress that counts is that of the training."""


def evenly(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of some rows, from the first to the last."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]
