"""Vectors as colours: the first three principal components of many."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

COLORS = 3
MOST_VECTORS = 4096
"""From which the components are found, evenly from all."""
PERCENTILES = (2.0, 98.0)
"""Of each component: shown as none and as all of its colour, so that a few far vectors do not make all others alike."""


@dataclasses.dataclass(frozen=True)
class Components:
    """The three directions along which vectors differ most, as red, green and blue.

    Attributes:
        mean: [D].
        directions: [D, 3], of unit length; zeros where there are fewer.
        low: [3] value of each component that has none of its colour.
        high: [3] value that has all of it.
        explained: share of the variance that the three hold, in [0, 1].
    """

    mean: npt.NDArray[np.floating]
    directions: npt.NDArray[np.floating]
    low: npt.NDArray[np.floating]
    high: npt.NDArray[np.floating]
    explained: float

    @classmethod
    def of(cls, maps: Sequence[npt.NDArray[np.floating]]) -> "Components":
        """Those of all vectors of some maps [..., D]."""
        vectors = np.concatenate([each.reshape(-1, each.shape[-1]) for each in maps])
        chosen = np.linspace(0, len(vectors) - 1, min(len(vectors), MOST_VECTORS)).astype(np.int64)
        fitted = vectors[chosen].astype(np.float64)
        mean = fitted.mean(axis=0)
        _, strengths, rows = np.linalg.svd(fitted - mean, full_matrices=False)
        directions = np.zeros((vectors.shape[1], COLORS))
        found = rows[:COLORS].T
        # A component has no sign of its own: its largest part is positive, so that equal numbers give equal colours.
        largest = np.argmax(np.abs(found), axis=0)
        directions[:, : found.shape[1]] = found * np.sign(found[largest, np.arange(found.shape[1])])
        low, high = np.percentile((fitted - mean) @ directions, PERCENTILES, axis=0)
        variance = np.square(strengths)
        explained = float(variance[:COLORS].sum() / max(variance.sum(), np.finfo(np.float64).tiny))
        return cls(mean, directions, low, high, explained)

    def colors(self, maps: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Colours [..., 3] in [0, 1] of vectors [..., D]; grey in a component in which nothing differs."""
        values = (maps - self.mean) @ self.directions
        span = self.high - self.low
        shares = np.where(span > 1e-9, (values - self.low) / np.where(span > 1e-9, span, 1.0), 0.5)
        return np.asarray(np.clip(shares, 0.0, 1.0))
