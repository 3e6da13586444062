"""What an encoder saw of the clips that it got wrong, for people."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from brave_tf.config import AudioViewConfig, Modality
from brave_tf.data.augment import to_unit
from brave_tf.data.dataset import Dataset
from brave_tf.data.pictures import decode_flow, decode_pictures, picture_shape
from brave_tf.data.placement import Record
from brave_tf.data.read import RecordTable
from brave_tf.data.spectrogram import log_mel
from brave_tf.inspection.display import as_colors, full_speed
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
    if modality == "audio":
        spectrogram = log_mel(record["audio"], audio).numpy()
        seconds = len(record["audio"]) / audio.sample_rate_hz
        alt = f"Spectrogram of {source}"
        return heat_map(spectrogram, alt, x_label="seconds", y_label="mel band", x_limit=seconds, class_="spectrogram")
    encoded = record["flow" if modality == "flow" else "frames"]
    chosen = tf.gather(encoded, np.linspace(0, len(encoded) - 1, min(FRAMES, len(encoded))).astype(np.int64))
    if modality == "flow":
        shape = picture_shape(chosen[0])
        flow = to_unit(decode_flow(chosen, tf.stack([0, 0, shape[0], shape[1]])), "flow").numpy()
        frames = as_colors(flow, full_speed(flow))
    else:
        frames = decode_pictures(chosen).numpy()
    width = max(round(HEIGHT * frames.shape[2] / frames.shape[1]), 1)
    small = tf.cast(tf.image.resize(frames, (HEIGHT, width), antialias=True), tf.uint8).numpy()
    return strip(small, f"Frames of {source}")
