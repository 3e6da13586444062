"""A picture of a moment: a frame, or the spectrogram of its sound, out of a media file or of a dataset's clip."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image, ImageOps

from brave_tf.config import SOURCE_FPS, AudioViewConfig
from brave_tf.data.damage import read_record
from brave_tf.data.dataset import Dataset
from brave_tf.data.read import RecordTable
from brave_tf.data.spectrogram import log_mel
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.embedding.decoding import decoded_in_processes
from brave_tf.embedding.moment_job import SHORTER_SIDE, WHOLE_SECONDS, Kind, MomentJob, read_moment
from brave_tf.embedding.query_job import MOST_SILENT_SECONDS, check_processes
from brave_tf.errors import reason_of
from brave_tf.machine import cores
from brave_tf.preparation.jobs import Outcome
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.limits import MediaError
from brave_tf.progress import Advance

SPECTROGRAM_SIZE = (480, 270)
"""Width and height in pixels."""
PERCENTILES = (1.0, 99.0)

Picture = npt.NDArray[np.uint8]


def picture_of_file(media: Path, start: float, end: float, kind: Kind) -> Picture:
    """The frame in the middle of a stretch of a media file, or the spectrogram of its sound; see `read_moment`."""
    return picture_of(read_moment(media, start, end, kind))


def pictures_of_files(sources: Sequence[Source], kinds: Sequence[Kind], advance: Advance) -> list[Picture | str]:
    """The same of several files, which are read in processes of their own.

    Args:
        sources: the files, each with the start and the end of its stretch.
        kinds: what to draw of each.
        advance: called when one is done.

    Returns:
        For each its picture, or why there is none, in words that follow its name.

    Raises:
        UserError: no process can be started.
    """
    pictures: list[Picture | str] = ["cannot be shown"] * len(sources)
    if not sources:
        return pictures
    check_processes()
    jobs: list[Any] = [MomentJob(number, *each) for number, each in enumerate(zip(sources, kinds, strict=True))]
    events: Any = decoded_in_processes(jobs, min(len(jobs), cores()), MOST_SILENT_SECONDS)
    for number, content in filter(None, events):
        if isinstance(content, bytes | np.ndarray):
            pictures[number] = picture_of(content)
        elif isinstance(content, Outcome):
            if content.reason is not None:
                pictures[number] = content.reason
            advance(1)
    return pictures


def picture_of(found: bytes | np.ndarray) -> Picture:
    """A frame, or the spectrogram of sound, as `read_moment` gives them."""
    return _decoded(found) if isinstance(found, bytes) else _spectrogram(found, AudioViewConfig())


class DatasetPictures:
    """The same for the sources of a prepared dataset, out of the records of their clips.

    Args:
        dataset: where the clips are.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        clips = dataset.clips()
        self._table = RecordTable.of(dataset, clips)
        self._rows: dict[str, list[tuple[float, int]]] = {}
        for row, (source, begin) in enumerate(
            zip(clips["source"].to_pylist(), clips["start_seconds"].to_pylist(), strict=True)
        ):
            self._rows.setdefault(source, []).append((begin, row))

    def picture(self, source: str, start: float, end: float, kind: Kind) -> Picture:
        """See `picture_of_file`; a source may begin at any time.

        Raises:
            MediaError: there is no such clip, it is damaged, or has nothing of the kind there.
        """
        clips = self._rows.get(source)
        if not clips:
            raise MediaError("is not in the dataset any more")
        if end <= 0.0:
            start = min(clips)[0]
            end = start + (WHOLE_SECONDS if kind == "spectrogram" else 0.0)
        middle = (start + end) / 2
        begin, row = max((each for each in clips if each[0] <= middle), default=min(clips))
        try:
            record = self._dataset.parser(tf.constant(read_record(self._table, row)))
            if kind == "frame":
                place = round((middle - begin) * SOURCE_FPS)
                return _decoded(record["frames"][max(min(place, len(record["frames"]) - 1), 0)].numpy())
            rate = self._dataset.audio_rate_hz or AudioViewConfig().sample_rate_hz
            first, last = (round(max(each - begin, 0.0) * rate) for each in (start, end))
            return _spectrogram(record["audio"][first:last].numpy(), AudioViewConfig(sample_rate_hz=rate))
        except (DamagedRecordError, tf.errors.OpError, OSError, IndexError, ValueError) as error:
            raise MediaError(f"has a clip that cannot be shown ({reason_of(error)})") from None


def _decoded(jpeg: bytes) -> Picture:
    with Image.open(io.BytesIO(jpeg)) as picture:
        shown = picture.convert("RGB")
        if min(shown.size) > SHORTER_SIDE:
            shown = ImageOps.scale(shown, SHORTER_SIDE / min(shown.size))
        return np.asarray(shown)


def _spectrogram(sound: np.ndarray, view: AudioViewConfig) -> Picture:
    values = log_mel(tf.constant(sound, tf.float32), view).numpy().T[::-1]
    low, high = np.percentile(values, PERCENTILES)
    colors = mpl.colormaps["magma"](np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0), bytes=True)[..., :3]
    return np.asarray(Image.fromarray(colors).resize(SPECTROGRAM_SIZE, Image.Resampling.BILINEAR))
