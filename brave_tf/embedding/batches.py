"""Windows of many files, as they come, in batches that are full."""

from collections.abc import Generator, Iterable
from typing import NamedTuple

import numpy as np

from brave_tf.embedding.decoding import Event
from brave_tf.embedding.windows import Window
from brave_tf.preparation.jobs import Outcome


class Batch(NamedTuple):
    """Windows that are embedded at once.

    Attributes:
        clips: [B, ...] of the windows; None if there are none.
        numbers: [B] of the files that they are of.
        spans: [B, 2] start and end in seconds.
        ended: files that have no windows after these, with what became of them.
        shares: of files that are under way, how much is read.
    """

    clips: np.ndarray | None
    numbers: np.ndarray
    spans: np.ndarray
    ended: list[tuple[int, Outcome]]
    shares: dict[int, float]


def full_batches(events: Iterable[Event | None], size: int) -> Generator[Batch | None, None, None]:
    """Batches of `size` windows, the last one smaller.

    Yields:
        Batches, or None for each event after which there is none.
    """
    windows: list[tuple[int, Window]] = []
    ended: list[tuple[int, Outcome]] = []
    shares: dict[int, float] = {}
    for event in events:
        if event is None:
            yield None
            continue
        number, content = event
        if isinstance(content, Window):
            windows.append((number, content))
        elif isinstance(content, Outcome):
            ended.append((number, content))
            shares.pop(number, None)
        else:
            shares[number] = content
        if len(windows) == size or (ended and not windows):
            yield _batch(windows, ended, shares)
            windows, ended = [], []
    if windows or ended:
        yield _batch(windows, ended, shares)


def _batch(windows: list[tuple[int, Window]], ended: list[tuple[int, Outcome]], shares: dict[int, float]) -> Batch:
    clips = np.stack([window.clip for _, window in windows]) if windows else None
    spans = np.array([(window.start, window.end) for _, window in windows]).reshape(-1, 2)
    return Batch(clips, np.array([number for number, _ in windows], np.int64), spans, ended, dict(shares))
