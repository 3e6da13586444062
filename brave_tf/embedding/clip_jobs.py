"""What there is to do for a source of a prepared dataset: the windows of its clips, out of their records."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf.config import EvaluationInput
from brave_tf.data.damage import read_record
from brave_tf.data.dataset import CLIPS_PER_SOURCE, Dataset
from brave_tf.data.evaluation_frames import center_crop, resize_shorter_side
from brave_tf.data.pictures import decode, stored_pictures
from brave_tf.data.read import RecordTable
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.windows import Window
from brave_tf.errors import reason_of
from brave_tf.modalities import MODALITIES
from brave_tf.preparation.jobs import Outcome, StreamedJob
from brave_tf.preparation.media_settings import Course

CHECKED_FRAMES = 64
"""Frames of a clip that are decoded at once."""
MOST_FRAMES = 512
"""Frames that stay in memory after they are checked; those of longer clips are decoded twice."""


class ClipReader:
    """The windows of the clips of a dataset.

    Args:
        dataset: where the clips are.
        input_view: what the encoder is shown at evaluation time.
        grid: where the windows lie.
    """

    def __init__(self, dataset: Dataset, input_view: EvaluationInput, grid: Grid) -> None:
        self._dataset, self._input_view, self._grid = dataset, input_view, grid
        clips = dataset.clips()
        self._table = RecordTable.of(dataset, clips)
        self._source = clips["source"].to_pylist()
        self._start_seconds = clips["start_seconds"].to_numpy()
        modality, view = input_view.modality, input_view.view

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
        def frames(encoded: tf.Tensor) -> tf.Tensor:
            return center_crop(resize_shorter_side(decode(encoded, modality), view.shorter_side), view.size)

        self._frames = frames

    def sources(self) -> list[tuple[str, list[int]]]:
        """The sources, each with the rows of its clips in their order."""
        rows_of: dict[int, list[int]] = {}
        for row in np.argsort(self._table.clip_id, kind="stable").tolist():
            rows_of.setdefault(int(self._table.clip_id[row]) // CLIPS_PER_SOURCE, []).append(row)
        return [(self._source[rows[0]], rows) for rows in rows_of.values()]

    def bytes_of(self, rows: Sequence[int]) -> int:
        """Bytes of the records of some rows."""
        return int(self._table.length[list(rows)].sum())

    def windows(self, row: int) -> Iterator[Window]:
        """The windows of a clip, as those of a medium of its own: all of them, or none where it is damaged.

        Raises:
            DamagedRecordError: the record is damaged.
            tf.errors.OpError: what it holds does not decode.
        """
        facts, grid = MODALITIES[self._input_view.modality], self._grid
        record = self._dataset.parser(tf.constant(read_record(self._table, row)))
        count = len(record[facts.key] if facts.is_sound else record["frames"])
        if not len(record[facts.key]):
            raise DamagedRecordError(f"it holds no {facts.word}")
        step = 1 if facts.is_sound else self._input_view.view.step
        begin, end = float(self._start_seconds[row]), count / step
        shown = {first: (first + np.arange(grid.length)) * step % count for first in grid.starts(-(-count // step))}
        clips = self._sound(record, shown.values()) if facts.is_sound else self._films(record, list(shown.values()))
        for first, clip in zip(shown, clips, strict=True):
            last = min(first + grid.length, end)
            yield Window(self._source[row], begin + first * grid.unit_seconds, begin + last * grid.unit_seconds, clip)

    def _sound(self, record: Any, shown: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        sound: np.ndarray = record[MODALITIES[self._input_view.modality].key].numpy()
        if not np.isfinite(sound).all():
            raise DamagedRecordError("its sound is not finite")
        for samples in shown:
            yield sound[samples]

    def _films(self, record: Any, shown: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
        kept: dict[int, np.ndarray] = {}
        frames = np.unique(np.concatenate(shown))
        for first in range(0, len(frames), CHECKED_FRAMES):
            checked = self._pictures(record, frames[first : first + CHECKED_FRAMES], {})
            kept |= checked if len(frames) <= MOST_FRAMES else {}
        pixels: dict[int, np.ndarray] = {}
        for numbers in shown:
            pixels = kept or self._pictures(record, numbers, pixels)
            yield np.stack([pixels[each] for each in numbers.tolist()])

    def _pictures(self, record: Any, frames: np.ndarray, known: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """The pixels of frames by their number, some of them from the window before."""
        wanted = [frame for frame in dict.fromkeys(frames.tolist()) if frame not in known]
        pixels = {frame: known[frame] for frame in frames.tolist() if frame in known}
        if wanted:
            encoded = stored_pictures(record, self._input_view.modality, tf.constant(wanted, tf.int64))
            pixels |= zip(wanted, self._frames(encoded).numpy(), strict=True)
        return pixels


@dataclasses.dataclass(frozen=True)
class ClipJob(StreamedJob):
    """The windows of all clips of a source.

    Attributes:
        number: of the source in the plan.
        rows: of its clips in the clip table.
        reader: reads them.
        skip: so many windows are there already.
    """

    number: int
    rows: tuple[int, ...]
    reader: ClipReader
    skip: int = 0

    def do(self, course: Course, give: Callable[[Any], None]) -> Outcome:
        """Gives the windows that are not there yet; damaged clips are named, and a source without others is left out.

        Raises:
            UserError: storage does not give a record.
        """
        remarks, made = [], 0
        for place, row in enumerate(self.rows):
            try:
                for window in self.reader.windows(row):
                    if made >= self.skip:
                        give(window)
                    made += 1
            except (DamagedRecordError, tf.errors.OpError) as error:
                remarks.append(f"has a clip that cannot be used, number {place} of it ({reason_of(error)})")
            course.report((place + 1) / len(self.rows))
        return Outcome([], None if made else "; ".join(remarks), remarks=tuple(remarks))
