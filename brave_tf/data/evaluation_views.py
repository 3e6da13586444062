"""From one record to what an evaluation shows: samples that train a classifier, and windows that test it."""

import numpy as np
import tensorflow as tf

from brave_tf.config import EvaluationInput
from brave_tf.data import augment, sampling
from brave_tf.data.evaluation_frames import crop, resize_shorter_side
from brave_tf.data.pictures import decode, stored_pictures
from brave_tf.data.placement import Record, place_alone
from brave_tf.data.spectrogram import check_finite, log_mel
from brave_tf.data.views import round_to_uint8, view_crops
from brave_tf.modalities import MODALITIES


def classifier_sample(record: Record, seed: tf.Tensor, input_view: EvaluationInput) -> tf.Tensor:
    """One augmented sample that trains a classifier.

    Args:
        record: a clip with the modality that is shown.
        seed: [2] int64; everything random about the sample follows from it.
        input_view: what the encoder is shown.

    Returns:
        RGB [T, H, W, 3] float32 in [0, 1]; flow [T, H, W, 2] float32 in [-1, 1]; sound [S, M] float32, a window that
        starts anywhere and loops, as in pre-training.
    """
    facts = MODALITIES[input_view.modality]
    if facts.is_sound:
        sound, samples = input_view.sound, tf.size(record[facts.key])
        start = sampling.broad_start(samples, seed)
        return _spectrogram(record, sampling.sample_indices(start, sound.samples, samples), input_view)
    placement = place_alone(tf.size(record["frames"]), input_view.video, seed)
    # Rounded as in pre-training.
    frames = round_to_uint8(view_crops(record, placement, input_view.video, input_view.modality))
    return augment.apply_one(frames, placement.parameters, input_view.video.augment, input_view.modality)


def evaluation_windows(record: Record, input_view: EvaluationInput) -> tuple[tf.Tensor, tf.Tensor]:
    """The test windows of one clip: evenly spaced in time, and several crops of each.

    Args:
        record: a clip with the modality that is shown; one that is shorter than a window loops.
        input_view: what the encoder is shown.

    Returns:
        The different windows, [U * crops, T, H, W, C] uint8 as they are stored, or of sound [U, S, M] float32; and for
        each of the `windows` * `crops` windows that are asked for its place among them, crop by crop: a short clip has
        fewer than `windows`.
    """
    facts = MODALITIES[input_view.modality]
    length = tf.size(record[facts.key] if facts.is_sound else record["frames"])
    span = input_view.sound.samples if facts.is_sound else input_view.video.span_frames
    starts, window = tf.unique(sampling.window_starts(length, span, input_view.view.windows))
    count = tf.size(starts)
    places = tf.concat([window + number * count for number in range(input_view.crops)], axis=0)
    return (_sounds if facts.is_sound else _clips)(record, starts, input_view), places


def damaged_sample(input_view: EvaluationInput) -> tf.Tensor:
    """What stands for the sample of a clip that cannot be used: NaN, in the shape that `classifier_sample` gives."""
    return tf.fill(input_view.clip_shape, np.float32(np.nan))


def damaged_windows(input_view: EvaluationInput) -> tuple[tf.Tensor, tf.Tensor]:
    """What stands for the test windows of a clip that cannot be used: a window of zeros, which is at no place."""
    dtype = tf.float32 if MODALITIES[input_view.modality].is_sound else tf.uint8
    return tf.zeros([1, *input_view.clip_shape], dtype), tf.fill([input_view.view.windows * input_view.crops], -1)


def _sounds(record: Record, starts: tf.Tensor, input_view: EvaluationInput) -> tf.Tensor:
    samples = tf.size(record[MODALITIES[input_view.modality].key])

    def one(start: tf.Tensor) -> tf.Tensor:
        return _spectrogram(record, sampling.sample_indices(start, input_view.sound.samples, samples), input_view)

    return tf.map_fn(one, starts, fn_output_signature=tf.float32)


def _spectrogram(record: Record, numbers: tf.Tensor, input_view: EvaluationInput) -> tf.Tensor:
    sound, samples = input_view.sound, check_finite(record[MODALITIES[input_view.modality].key], "the sound")
    spectrogram = check_finite(log_mel(tf.gather(samples, numbers), sound), "the spectrogram")
    return tf.ensure_shape(spectrogram, [sound.spectrogram_frames, sound.mel_bands])


def _clips(record: Record, starts: tf.Tensor, input_view: EvaluationInput) -> tf.Tensor:
    view, frames = input_view.view, tf.size(record["frames"])
    offsets = view.step * tf.range(view.frames, dtype=tf.int64)
    indices = (starts[:, None] + offsets) % tf.cast(frames, tf.int64)
    wanted, places = tf.unique(tf.reshape(indices, [-1]))
    encoded = stored_pictures(record, input_view.modality, wanted)
    whole = resize_shorter_side(decode(encoded, input_view.modality), view.shorter_side)
    height, width = tf.shape(whole)[1], tf.shape(whole)[2]
    corners = sampling.crop_corners(height, width, view.size, view.crops, view.crop_places)
    shape = [-1, view.frames, view.size, view.size, MODALITIES[input_view.modality].channels]
    crops = []
    for number in range(view.crops):
        cropped = crop(whole, corners[number, 0], corners[number, 1], view.size)
        crops.append(tf.reshape(tf.gather(cropped, places), shape))
    return tf.concat(crops, axis=0)
