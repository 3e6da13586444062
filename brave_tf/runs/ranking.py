"""Which checkpoint of a run is best, as plain data."""

import dataclasses
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class RankedCheckpoint:
    """One encoder of a run.

    Attributes:
        step: training steps behind it; 0 is random initialisation.
        features_rank: RankMe of its features, see `brave_tf.evaluation.feature_rank.rank_me`.
        knn_top1: share of labelled clips that their nearest neighbours classify right, in [0, 1]; None without labels.
        knn_interval: 95 % bootstrap interval of it over the clips.
    """

    step: int
    features_rank: float
    knn_top1: float | None = None
    knn_interval: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class CheckpointRanking:
    """The kept checkpoints of a run, ranked on the same clips.

    Attributes:
        tower: whose features.
        dataset: where the clips are.
        clips: how many clips were embedded, one central window of each.
        embedding_size: D.
        checkpoints: the highest rank of the features first.
        untrained: the same network at random initialisation, to compare with; None if it is not known.
        label: the label column of the kNN; None without labels.
        queries: clips that were classified by the others.
        chance: accuracy of always answering the most frequent class.
        remarks: what was left out or is unusual, a line each.
    """

    tower: str
    dataset: str
    clips: int
    embedding_size: int
    checkpoints: Sequence[RankedCheckpoint]
    untrained: RankedCheckpoint | None = None
    label: str | None = None
    queries: int = 0
    chance: float | None = None
    remarks: Sequence[str] = ()

    @property
    def possible_rank(self) -> int:
        """The highest rank that so many features can have."""
        return min(self.clips, self.embedding_size)

    @property
    def best(self) -> RankedCheckpoint:
        """By the rank of the features."""
        return self.checkpoints[0]

    @property
    def best_by_labels(self) -> RankedCheckpoint | None:
        """By kNN, of equal ones the later; None without labels."""
        scored = [each for each in self.checkpoints if each.knn_top1 is not None]
        return max(scored, key=lambda each: (each.knn_top1 or 0.0, each.step), default=None)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values, with `possible_rank`, `best_step_by_rank` and `best_step_by_labels`."""
        by_labels = self.best_by_labels
        best = {
            "best_step_by_rank": self.best.step,
            "best_step_by_labels": None if by_labels is None else by_labels.step,
        }
        return {**dataclasses.asdict(self), "possible_rank": self.possible_rank, **best}
