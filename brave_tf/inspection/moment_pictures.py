"""A picture of a moment: a frame, or the spectrogram of its sound, out of a media file or of a dataset's clip."""

import io
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image, ImageOps

from brave_tf.config import SOURCE_FPS, AudioViewConfig, EvaluationConfig, EvaluationInput
from brave_tf.data.damage import read_record
from brave_tf.data.dataset import Dataset
from brave_tf.data.read import RecordTable
from brave_tf.data.spectrogram import log_mel
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.embedding.windows import media_windows
from brave_tf.errors import reason_of
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media import MediaSettings, read_clips

SHORTER_SIDE = 240
"""Of frames, in pixels."""
SPECTROGRAM_SIZE = (480, 270)
"""Width and height in pixels."""
FRAME_SECONDS = 0.5
"""A frame is looked for in so much of a file."""
WHOLE_SECONDS = 5.0
"""The spectrogram of a whole file is of its first seconds."""
LONGEST_SECONDS = 60.0
"""Of sound that is drawn: the beginning of what is longer."""
PERCENTILES = (1.0, 99.0)

Kind = Literal["frame", "spectrogram"]
Picture = npt.NDArray[np.uint8]


def picture_of_file(media: Path, start: float, end: float, kind: Kind) -> Picture:
    """The frame in the middle of a stretch of a media file, or the spectrogram of its sound.

    Args:
        media: the file.
        start: where the stretch begins, in seconds.
        end: where it ends; 0 for the beginning of the file.
        kind: what to draw.

    Raises:
        MediaError: the file cannot be read, or has nothing of the kind there.
    """
    if kind == "frame":
        middle = (start + end) / 2
        settings = MediaSettings(shorter_side=SHORTER_SIDE, audio_rate_hz=None, clip_seconds=FRAME_SECONDS)
        clip = next(read_clips(media, settings, middle or None, middle + FRAME_SECONDS), None)
        if clip is None or not clip.frames:
            raise MediaError("has no picture there")
        return _decoded(clip.frames[0])
    # A row may stand for a whole film.
    seconds = min(end - start, LONGEST_SECONDS) if end > start else WHOLE_SECONDS
    view = EvaluationInput("audio", EvaluationConfig(audio_seconds=seconds))
    window = next(
        media_windows(Source(media, media.name, start or None, start + seconds if end > start else None), view), None
    )
    if window is None:
        raise MediaError("has no sound there")
    return _spectrogram(window.clip, view.sound)


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
