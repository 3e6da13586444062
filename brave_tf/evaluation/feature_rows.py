"""Features of some clips, which stay where they are kept until they are needed."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from brave_tf.evaluation.feature_files import FeatureSource, InMemory

CHUNK_BYTES = 1 << 24
"""Features that are read at once, where all of them are wanted one after the other."""


@dataclasses.dataclass(frozen=True)
class JoinedFeatures:
    """Several features, one behind the other."""

    parts: Sequence[FeatureSource]

    @property
    def done(self) -> int:
        """See `Features.done`."""
        return sum(part.done for part in self.parts)

    @property
    def item_shape(self) -> tuple[int, ...]:
        """See `Features.item_shape`."""
        return self.parts[0].item_shape

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """See `Features.read`."""
        items = np.empty((len(numbers), *self.item_shape), np.float32)
        first = 0
        for part in self.parts:
            inside = (numbers >= first) & (numbers < first + part.done)
            if inside.any():
                items[inside] = part.read(numbers[inside] - first)
            first += part.done
        return items


@dataclasses.dataclass(frozen=True)
class FeatureRows:
    """Features of some clips: [E, N, D] samples or [N, V, D] windows. NumPy takes them as an array, in memory.

    Attributes:
        source: where they are kept, an item for each sample [D], or for all windows of a clip [V, D].
        numbers: [E, N] or [N] the items' numbers.
    """

    source: FeatureSource
    numbers: np.ndarray

    @classmethod
    def of(cls, features: "np.ndarray | FeatureRows") -> "FeatureRows":
        """An array [A, B, D] in the same form."""
        if isinstance(features, FeatureRows):
            return features
        first, second, size = features.shape
        return cls(InMemory(features.reshape(-1, size)), np.arange(first * second).reshape(first, second))

    @property
    def shape(self) -> tuple[int, ...]:
        """[E, N, D] or [N, V, D]."""
        return (*self.numbers.shape, *self.source.item_shape)

    def __len__(self) -> int:
        return len(self.numbers)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them; they are copied in any case."""
        items = self.source.read(self.numbers.reshape(-1)).reshape(self.shape)
        return items if dtype is None else items.astype(dtype, copy=False)

    def part(self, start: int, stop: int) -> np.ndarray:
        """Those from `start` to `stop` along the first axis."""
        return np.asarray(dataclasses.replace(self, numbers=self.numbers[start:stop]))

    def of_clips(self, places: np.ndarray) -> np.ndarray:
        """[n, ...] those at some places of the first axis."""
        return np.asarray(dataclasses.replace(self, numbers=self.numbers[places]))

    def samples(self, places: np.ndarray) -> np.ndarray:
        """[n, D] samples by their places in the order of the axes [E, N]."""
        return self.source.read(self.numbers.reshape(-1)[places])

    def mean(self, axis: int, dtype: Any = None) -> np.ndarray:
        """[N, D] mean over the windows, `axis` 1, as of an array; a part is read at a time."""
        assert axis == 1, f"received axis {axis}; expected 1"
        per_item = int(np.prod(self.shape[1:])) * np.dtype(np.float32).itemsize
        step = max(CHUNK_BYTES // per_item, 1)
        parts = [self.part(start, start + step).mean(axis=1, dtype=dtype) for start in range(0, len(self), step)]
        return np.concatenate(parts)

    def chunks(self) -> Iterator[np.ndarray]:
        """All samples or windows [n, D], in order, a part at a time."""
        flat, size = self.numbers.reshape(-1), self.shape[-1]
        step = max(CHUNK_BYTES // (int(np.prod(self.source.item_shape)) * np.dtype(np.float32).itemsize), 1)
        for start in range(0, len(flat), step):
            yield self.source.read(flat[start : start + step]).reshape(-1, size)


@dataclasses.dataclass(frozen=True)
class LabelRows:
    """Several labels of some clips, [N, classes] bool, of which only what is asked for is copied.

    Attributes:
        labels: of all clips.
        rows: [N] rows of the clips.
    """

    labels: np.ndarray
    rows: np.ndarray

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.labels.ndim

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, places: Any) -> np.ndarray:
        return np.asarray(self.labels[self.rows[places]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them; they are copied in any case."""
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)
