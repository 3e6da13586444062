"""What the demo's page tells, as plain data."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]

INTRODUCTION = (
    "BraVe teaches a network to understand video without a single label: it shows it one clip twice. One network sees "
    "a short, sharp piece (the narrow view) and must predict what a second network makes of a longer stretch (the "
    "broad view), which may be coarser video or the sound. Only by working out what goes on in the clip can the first "
    "network make that prediction, and what it has learned is then useful for other tasks."
)


@dataclasses.dataclass(frozen=True)
class MotionViews:
    """The views of one clip, as the towers see them.

    Attributes:
        motion: how it moves, which training never sees.
        thing: what moves, likewise.
        narrow: [T, H, W, 3] uint8.
        spectrogram: [S, M] log-mel, the broad view of a run with sound.
        broad: [T, H, W, 3] uint8, the broad view of a run without.
    """

    motion: str
    thing: str
    narrow: Frames
    spectrogram: npt.NDArray[np.floating]
    broad: Frames


@dataclasses.dataclass(frozen=True)
class RunCurves:
    """What a training run wrote down.

    Attributes:
        name: such as `video ↔ sound`.
        steps: the steps of the values.
        loss: the training loss at each.
        spread: the smallest embedding spread at each, 1 = healthy, 0 = collapsed.
        ranks: the effective rank of the projections at each, by view.
    """

    name: str
    steps: Sequence[int]
    loss: Sequence[float]
    spread: Sequence[float]
    ranks: Mapping[str, Sequence[float]]

    @property
    def last_ranks(self) -> dict[str, float]:
        """The effective ranks at the end of the run."""
        return {view: ranks[-1] for view, ranks in self.ranks.items()}


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """A clip: some of its frames [T, H, W, 3] uint8, its motion and its thing."""

    frames: Frames
    motion: str
    thing: str


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """A test clip and the training clips whose embeddings are nearest to its own, nearest first."""

    query: Neighbour
    nearest: Sequence[Neighbour]


@dataclasses.dataclass(frozen=True)
class NeighboursOfRun:
    """The neighbours that one encoder finds.

    Attributes:
        name: the run.
        what: `motion` or `thing`, what neighbours should have in common.
        rows: some test clips and what the encoder finds most alike.
        alike: share of the same number of neighbours of every test clip that have it in common.
    """

    name: str
    what: str
    rows: Sequence[Neighbours]
    alike: float


@dataclasses.dataclass(frozen=True)
class AtLabels:
    """How well a linear classifier does that was trained on so many labelled clips; shares from 0 to 1."""

    labels: int
    linear_top1: float
    interval: tuple[float, float]
    random_init_top1: float


@dataclasses.dataclass(frozen=True)
class Score:
    """How well one encoder tells motions or things; shares from 0 to 1.

    Attributes:
        name: the run.
        what: `motion` or `thing`.
        few: the classifier that had few labels.
        by_labels: with more and more of them.
        knn_top1: by the nearest of all training clips; None if it was not measured.
        chance: by always guessing the same.
    """

    name: str
    what: str
    few: AtLabels
    by_labels: Sequence[AtLabels]
    knn_top1: float | None
    chance: float


@dataclasses.dataclass(frozen=True)
class DemoContent:
    """Everything on the page that a run decides.

    Attributes:
        views: one clip of each motion.
        curves: the training runs.
        neighbours: what each encoder finds alike.
        scores: the results: of each run, motion and thing.
        timings: (what, seconds) in order.
        commands: (purpose, command lines) to go on with videos of one's own.
        clips: (training clips, test clips).
        narrow_seconds: nominal duration of the narrow view.
        broad_seconds: nominal duration of the broad view of pictures.
        sound_seconds: duration of the broad view of sound.
        export_verified: whether the exported encoder gave the same embeddings in a fresh process.
        introduction: what BraVe is.
    """

    views: Sequence[MotionViews]
    curves: Sequence[RunCurves]
    neighbours: Sequence[NeighboursOfRun]
    scores: Sequence[Score]
    timings: Sequence[tuple[str, float]]
    commands: Sequence[tuple[str, str]]
    clips: tuple[int, int]
    narrow_seconds: float
    broad_seconds: float
    sound_seconds: float
    export_verified: bool
    introduction: str = INTRODUCTION
