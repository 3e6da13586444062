"""Features on disk: computed once, looked up by what they are of, finished where they were interrupted."""

import dataclasses
import hashlib
import itertools
import json
import math
import os
from collections.abc import Sequence
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from brave_tf.errors import UserError, reason_of
from brave_tf.files import write_json

FORMAT = 1
"""Part of every key: features of another version of this library are not taken for its own."""
FEATURE_FILE = "features.npy"
ABOUT_FILE = "about.json"
FEATURE_TYPE = np.dtype("<f4")
DAMAGED = np.float32(-np.inf)
"""Features of a clip that cannot be used: what no encoder gives."""


class FeatureSource(Protocol):
    """Features to read from, one item after the other."""

    @property
    def done(self) -> int:
        """Items that are there already."""

    @property
    def item_shape(self) -> tuple[int, ...]:
        """Shape of an item; of no use before there is one."""

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """Items by their numbers [n], in any order: [n, *item_shape] in memory."""


class Features(FeatureSource, Protocol):
    """Where features go, one item after the other."""

    def append(self, items: np.ndarray) -> None:
        """Adds items [n, ...]."""

    def array(self) -> np.ndarray:
        """All items."""


class InMemory:
    """Features that nobody needs again."""

    def __init__(self, items: np.ndarray | None = None) -> None:
        self._parts: list[np.ndarray] = [] if items is None else [items]
        self.done = 0 if items is None else len(items)

    def append(self, items: np.ndarray) -> None:
        """See `Features.append`."""
        self._parts.append(items)
        self.done += len(items)

    @property
    def item_shape(self) -> tuple[int, ...]:
        """See `Features.item_shape`."""
        return self._parts[0].shape[1:]

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """See `Features.read`."""
        return np.asarray(np.take(self.array(), numbers, axis=0))

    def array(self) -> np.ndarray:
        """See `Features.array`."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


class FeatureFile:
    """A `.npy` file that grows. After an interruption, however hard, it goes on behind its last whole item.

    Args:
        folder: a folder of its own; made when absent.
        about: everything that the features follow from, as JSON values; kept beside them for people.
        count: items in all.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, folder: Path, about: dict[str, Any], count: int):
        self._path = folder / FEATURE_FILE
        self._count = count
        self._shape: tuple[int, ...] = ()
        self._data_at = 0
        self.done = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / ABOUT_FILE, about)
            if self._path.is_file():
                self._resume()
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, items: np.ndarray) -> None:
        """See `Features.append`.

        Raises:
            UserError: the disk is full, or the file cannot be written.
        """
        try:
            with open(self._path, "r+b" if self._shape else "wb") as file:
                if not self._shape:
                    self._begin(file, items.shape[1:])
                file.seek(self._data_at + self.done * self._item_bytes)
                file.write(np.ascontiguousarray(items, FEATURE_TYPE).tobytes())
        except OSError as error:
            raise self._unwritable(error) from error
        self.done += len(items)

    @property
    def item_shape(self) -> tuple[int, ...]:
        """See `Features.item_shape`."""
        return self._shape

    def read(self, numbers: np.ndarray) -> np.ndarray:
        """See `Features.read`. Read and not mapped, so that a process holds no more of the file than it asks for.

        Raises:
            UserError: the file cannot be read, or ends early.
        """
        items: Any = np.empty((len(numbers), *self._shape), FEATURE_TYPE)
        # Items that lie one behind the other are read at once.
        edges = np.flatnonzero(np.diff(numbers, prepend=-2, append=-2) != 1).tolist()
        try:
            with open(self._path, "rb", buffering=0) as file:
                for start, stop in itertools.pairwise(edges):
                    file.seek(self._data_at + int(numbers[start]) * self._item_bytes)
                    _fill(file, memoryview(items[start:stop]).cast("B"))
        except (OSError, EOFError) as error:
            raise UserError(
                f"{self._path} cannot be read ({reason_of(error)}); remove it if it is damaged, and run the "
                "same command again"
            ) from error
        return np.asarray(items)

    def array(self) -> np.ndarray:
        """See `Features.array`; mapped, not read."""
        features: np.ndarray = np.load(self._path, mmap_mode="r", allow_pickle=False)
        return features

    @property
    def _item_bytes(self) -> int:
        return FEATURE_TYPE.itemsize * math.prod(self._shape)

    def _begin(self, file: BinaryIO, shape: tuple[int, ...]) -> None:
        header = {"descr": FEATURE_TYPE.str, "fortran_order": False, "shape": (self._count, *shape)}
        np.lib.format.write_array_header_1_0(file, header)
        self._shape, self._data_at = shape, file.tell()

    def _resume(self) -> None:
        with open(self._path, "rb") as file:
            try:
                np.lib.format.read_magic(file)
                shape, _, kind = np.lib.format.read_array_header_1_0(file)
            except ValueError:
                return
            if shape[:1] != (self._count,) or kind != FEATURE_TYPE:
                return
            self._shape, self._data_at = shape[1:], file.tell()
            rest = os.fstat(file.fileno()).st_size - self._data_at
        self.done = min(rest // self._item_bytes, self._count)

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(
            f"{self._path.parent} cannot be written ({error.strerror}); free some space or choose another --cache, and "
            "run the same command again to go on"
        )


def are_damaged(features: Features) -> np.ndarray:
    """[items] whether each has the features `DAMAGED`."""
    # A view: of what is mapped, one number of each item is read.
    items = features.array()
    return np.asarray(items.reshape(len(items), -1)[:, 0] == DAMAGED)


def _fill(file: RawIOBase, target: memoryview) -> None:
    while target:
        count = file.readinto(target)
        if not count:
            raise EOFError("it ends early")
        target = target[count:]


@dataclasses.dataclass(frozen=True)
class FeatureFolder:
    """Where features are kept.

    Attributes:
        path: the folder; None keeps them in memory.
    """

    path: Path | None

    def open(self, about: dict[str, Any], clip_ids: Sequence[int], count: int) -> Features:
        """Features that may be there in part, or whole.

        Args:
            about: everything that they follow from, besides the clips.
            clip_ids: the clips, in order.
            count: items in all.
        """
        if self.path is None:
            return InMemory()
        clips = hashlib.sha256(np.asarray(clip_ids, "<i8").tobytes()).hexdigest()
        whole = {"format": FORMAT, **about, "clips": clips, "items": count}
        key = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]
        return FeatureFile(self.path / key, whole, count)
