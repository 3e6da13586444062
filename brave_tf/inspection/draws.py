"""One draw of a clip's views, by the functions that training uses, as plain arrays and words."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from brave_tf.config import SOURCE_FPS, AudioViewConfig, Config, Modality, VideoViewConfig
from brave_tf.data import augment
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.flow_code import LIMIT_PIXELS
from brave_tf.data.pictures import decode_pictures, picture_shape
from brave_tf.data.placement import Record, VideoPlacement, place_views, window
from brave_tf.data.views import training_views
from brave_tf.inspection.display import (
    as_colors,
    as_pictures,
    even_places,
    full_speed,
    to_hear,
)
from brave_tf.inspection.windows import pieces
from brave_tf.modalities import MODALITIES, NARROW
from brave_tf.pages.inspect_content import Draw, Kind, SoundView, VisualView, Window


def draw_views(record: Record, example_seed: tf.Tensor, config: Config, *, sound_bytes: int = 0) -> Draw:
    """Draws all views of a clip as a training example with this seed.

    Args:
        record: the clip.
        example_seed: [2] int64, (run seed, example number).
        config: the experiment.
        sound_bytes: most bytes of the sound to listen to; 0 for none.
    """
    placed = place_views(record, example_seed, config)
    views = training_views(record, example_seed, _with_crops(config))
    drawn = views["augment"]
    narrow = _visual(
        "narrow view", "narrow", NARROW, record, placed.narrow, config.narrow, views["narrow"], drawn["narrow"]
    )
    broad = []
    for modality, view in config.broad.visual.items():
        for k, placement in enumerate(placed.broad[modality]):
            name = f"broad {MODALITIES[modality].short_word}{f' {k + 1}' if view.views > 1 else ''}"
            parameters = {key: value[k] for key, value in drawn[modality].items()}
            crops = views["broad"][modality][k]
            broad.append(_visual(name, "broad", modality, record, placement, view, crops, parameters))
    sound = None
    for modality, heard in config.broad.sound.items():
        waveform, spectrogram = record[MODALITIES[modality].key].numpy(), views["broad"][modality].numpy()
        sound = _sound(waveform, clip_seconds(record), placed.sound[modality].numpy(), spectrogram, heard, sound_bytes)
    return Draw(int(example_seed[0]), narrow, broad, sound)


def clip_seconds(record: Record) -> float:
    """How long a clip is."""
    return int(tf.size(record["frames"])) / SOURCE_FPS


def _with_crops(config: Config) -> Config:
    """The experiment with its crops handed over before they are augmented."""
    return dataclasses.replace(config, data=dataclasses.replace(config.data, augment_on="device"))


def _visual(
    name: str,
    kind: Kind,
    modality: Modality,
    record: Record,
    placement: VideoPlacement,
    view: VideoViewConfig,
    crops: tf.Tensor,
    parameters: Parameters,
) -> VisualView:
    frames = placement.frames.numpy()
    places = even_places(view.frames)
    before = augment.to_unit(crops, modality).numpy()[places]
    after = augment.apply_one(crops, parameters, view.augment, modality).numpy()[places]
    seconds = frames / SOURCE_FPS
    whole = decode_pictures(record["frames"][int(frames[0]), tf.newaxis])[0].numpy()
    pictures: dict[str, Any] = {}
    if MODALITIES[modality].is_directed:
        full = full_speed(before)
        pictures |= {"before": as_colors(before, full), "after": as_colors(after, full)}
        pictures["full_speed"] = full * LIMIT_PIXELS
    else:
        pictures["before"], _ = as_pictures(before)
        pictures["after"], pictures["shown_range"] = as_pictures(after)
    total = int(tf.size(record["frames"]))
    return VisualView(
        window=Window(name, kind, pieces(frames, view.step, total, 1 / SOURCE_FPS), seconds.tolist()),
        modality=modality,
        whole=whole,
        crop=_crop(record, placement, view, modality, whole.shape[0], whole.shape[1]),
        seconds=seconds[places].tolist(),
        parameters=augment.describe(parameters),
        **pictures,
    )


def _crop(
    record: Record, placement: VideoPlacement, view: VideoViewConfig, modality: Modality, rows: int, columns: int
) -> tuple[int, int, int, int]:
    """The crop in the pixels of the frames, which other pictures may have more or fewer of."""
    height, width = (int(size) for size in picture_shape(record[MODALITIES[modality].key][0])[:2])
    sizes = tf.constant(height, tf.int32), tf.constant(width, tf.int32)
    top, left, tall, wide = (int(value) for value in window(placement, *sizes, view))
    return top * rows // height, left * columns // width, tall * rows // height, wide * columns // width


def _sound(
    sound: np.ndarray,
    clip_length_seconds: float,
    numbers: np.ndarray,
    spectrogram: np.ndarray,
    view: AudioViewConfig,
    sound_bytes: int,
) -> SoundView:
    total = sound.size
    heard = numbers[numbers >= 0]
    # As long as the picture, as placement takes it to be.
    unit_seconds = clip_length_seconds / total
    waveform = np.where(numbers < 0, 0.0, sound[np.maximum(numbers, 0)])
    player = to_hear(waveform, view.sample_rate_hz, sound_bytes) if sound_bytes else None
    return SoundView(
        window=Window("broad sound", "broad", pieces(heard, 1, total, unit_seconds)),
        spectrogram=spectrogram,
        seconds=view.seconds,
        low_hz=view.low_hz,
        high_hz=view.high_hz,
        silent_seconds=(numbers.size - heard.size) / view.sample_rate_hz,
        waveform=player[0] if player else None,
        rate_hz=player[1] if player else 0,
    )
