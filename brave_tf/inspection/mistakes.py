"""What an encoder saw of the clips that it got wrong, for people."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from brave_tf.config import AudioViewConfig, Modality
from brave_tf.data.augment import to_unit
from brave_tf.data.dataset import Dataset
from brave_tf.data.pictures import decode
from brave_tf.data.placement import Record
from brave_tf.data.read import RecordTable
from brave_tf.data.spectrogram import log_mel
from brave_tf.inspection.display import as_colors, as_pictures, full_speed
from brave_tf.modalities import MODALITIES
from brave_tf.pages.charts import heat_map
from brave_tf.pages.html import Html, strip

FRAMES = 6
HEIGHT = 120


def pictures_of(
    dataset: Dataset, clip_ids: Sequence[int], modality: Modality, audio: AudioViewConfig | None = None
) -> list[Html | None]:
    """A strip of frames, of optical flow as colours, or the spectrogram of each clip; None where it cannot be read.

    Args:
        dataset: where the clips are.
        clip_ids: the clips.
        modality: what the encoder saw.
        audio: its log-mel front end.
    """
    if not clip_ids:
        return []
    clips = dataset.clips()
    place = {clip_id: row for row, clip_id in enumerate(clips["clip_id"].to_pylist())}
    rows = clips.take([place[clip_id] for clip_id in clip_ids])
    reader = RecordTable.of(dataset, rows).reader()
    pictures: list[Html | None] = []
    for row, source in enumerate(rows["source"].to_pylist()):
        try:
            record = dataset.parser(reader(tf.constant(row, tf.int64))[0])
            pictures.append(_picture(record, modality, audio or AudioViewConfig(), source))
        except tf.errors.OpError:
            pictures.append(None)
    return pictures


def _picture(record: Record, modality: Modality, audio: AudioViewConfig, source: str) -> Html:
    facts = MODALITIES[modality]
    encoded = record[facts.key]
    if facts.is_sound:
        spectrogram = log_mel(encoded, audio).numpy()
        seconds = len(encoded) / audio.sample_rate_hz
        alt = f"Spectrogram of {source}"
        return heat_map(spectrogram, alt, x_label="seconds", y_label="mel band", x_limit=seconds, class_="spectrogram")
    chosen = tf.gather(encoded, np.linspace(0, len(encoded) - 1, min(FRAMES, len(encoded))).astype(np.int64))
    values = to_unit(decode(chosen, modality), modality).numpy()
    frames = as_colors(values, full_speed(values)) if facts.is_directed else as_pictures(values)[0]
    width = max(round(HEIGHT * frames.shape[2] / frames.shape[1]), 1)
    small = tf.cast(tf.image.resize(frames, (HEIGHT, width), antialias=True), tf.uint8).numpy()
    return strip(small, f"Frames of {source}")
