"""From one record to its views: which frames first, then only those decoded, and only the crop."""

from typing import Any

import tensorflow as tf

from brave_tf.config import AudioViewConfig, AugmentConfig, Config, EvaluationConfig, VideoViewConfig
from brave_tf.data import augment, sampling
from brave_tf.data.augment.crop import crop_window
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random import derive_seed
from brave_tf.data.evaluation_frames import crop, resize_shorter_side
from brave_tf.data.pictures import decode_pictures, picture_shape
from brave_tf.data.spectrogram import log_mel

EVALUATION_AUGMENT = AugmentConfig(blur=0.0)
"""Augmentation of the samples that train a classifier: as in pre-training, without blur (paper, section 4.2)."""

Record = dict[str, tf.Tensor]
"""What `brave_tf.data.records.parse` returns."""


def training_views(record: Record, example_seed: tf.Tensor, config: Config) -> dict[str, Any]:
    """The narrow and broad views of one clip.

    Narrow and visual broad views are placed independently (unless the broad one is "aligned"); the sound starts with
    the narrow view (paper, section 4.1).

    Args:
        record: frames and sound of a clip.
        example_seed: [2] int64; everything random about this example follows from it.
        config: the experiment.

    Returns:
        `narrow` [T, H, W, 3] uint8, `broad` with `rgb` [K, T, H, W, 3] uint8 and `audio` [S, M] float32, and `augment`
        with the sampled parameters. With host augmentation the views are float32 in [0, 1] and `augment` is absent.
    """
    seed = derive_seed(example_seed, "narrow")
    start = sampling.narrow_start(tf.size(record["frames"]), config.narrow.span_frames, seed)
    narrow, parameters = _video_view(record, start, config.narrow, seed)
    drawn: dict[str, Parameters] = {"narrow": parameters}
    broad: dict[str, tf.Tensor] = {}
    if config.broad.rgb is not None:
        broad["rgb"], drawn["rgb"] = _broad_rgb(record, start, config.broad.rgb, example_seed)
    if config.broad.audio is not None:
        broad["audio"] = _audio_view(record, start, config.broad.audio, derive_seed(example_seed, "audio"))
    if config.data.augment_on == "device":
        return {"narrow": narrow, "broad": broad, "augment": drawn}
    if config.broad.rgb is not None:
        view = config.broad.rgb
        one_by_one = [{name: value[k] for name, value in drawn["rgb"].items()} for k in range(view.views)]
        augmented = [augment.apply_one(broad["rgb"][k], one_by_one[k], view.augment) for k in range(view.views)]
        broad["rgb"] = tf.stack(augmented)
    return {"narrow": augment.apply_one(narrow, parameters, config.narrow.augment), "broad": broad}


def classifier_sample(record: Record, seed: tf.Tensor, view: EvaluationConfig) -> tf.Tensor:
    """One augmented sample that trains a classifier: [T, H, W, 3] float32 in [0, 1].

    Args:
        record: a clip with frames.
        seed: [2] int64.
        view: the evaluation-time input.
    """
    video = _as_video_view(view)
    start = sampling.narrow_start(tf.size(record["frames"]), video.span_frames, seed)
    frames, parameters = _video_view(record, start, video, seed)
    return augment.apply_one(frames, parameters, video.augment)


def evaluation_windows(record: Record, view: EvaluationConfig) -> tf.Tensor:
    """The test clips of one video: [windows * crops, T, H, W, 3] float32 in [0, 1].

    Temporal windows are evenly spaced; spatial crops lie on the diagonal from the upper left to the lower right corner
    (released code), a single one in the middle.

    Args:
        record: a clip with frames; one that is shorter than a window loops.
        view: the evaluation-time input.
    """
    frames = tf.size(record["frames"])
    starts = sampling.window_starts(frames, _as_video_view(view).span_frames, view.windows)
    indices = tf.stack([sampling.frame_indices(starts[w], view.frames, view.step, frames) for w in range(view.windows)])
    wanted, places = tf.unique(tf.reshape(indices, [-1]))
    pictures = resize_shorter_side(decode_pictures(tf.gather(record["frames"], wanted)), view.shorter_side)
    corners = sampling.crop_corners(tf.shape(pictures)[1], tf.shape(pictures)[2], view.size, view.crops)
    shape = [view.windows, view.frames, view.size, view.size, 3]
    crops = []
    for number in range(view.crops):
        cropped = crop(pictures, corners[number, 0], corners[number, 1], view.size)
        crops.append(tf.reshape(tf.gather(cropped, places), shape))
    return tf.cast(tf.concat(crops, axis=0), tf.float32) / 255.0


def _as_video_view(view: EvaluationConfig) -> VideoViewConfig:
    return VideoViewConfig(frames=view.frames, step=view.step, size=view.size, augment=EVALUATION_AUGMENT)


def _broad_rgb(
    record: Record, narrow_start: tf.Tensor, view: VideoViewConfig, example_seed: tf.Tensor
) -> tuple[tf.Tensor, Parameters]:
    views, drawn = [], []
    for k in range(view.views):
        seed = derive_seed(example_seed, "rgb", k)
        start = narrow_start
        if view.offset == "independent":
            start = sampling.broad_start(tf.size(record["frames"]), seed)
        frames, parameters = _video_view(record, start, view, seed)
        views.append(frames)
        drawn.append(parameters)
    return tf.stack(views), {name: tf.stack([parameters[name] for parameters in drawn]) for name in drawn[0]}


def _video_view(
    record: Record, start: tf.Tensor, view: VideoViewConfig, seed: tf.Tensor
) -> tuple[tf.Tensor, Parameters]:
    indices = sampling.frame_indices(start, view.frames, view.step, tf.size(record["frames"]))
    jpegs = tf.gather(record["frames"], indices)
    shape = picture_shape(jpegs[0])
    window = crop_window(seed, shape[0], shape[1], view.augment)
    # Differs from the released code: the resized frames are rounded to uint8, which is all that reaches the device.
    resized = tf.image.resize(decode_pictures(jpegs, window), (view.size, view.size))
    frames = tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)
    frames = tf.ensure_shape(frames, [view.frames, view.size, view.size, 3])
    return frames, augment.sample(seed, view.augment)


def _audio_view(record: Record, narrow_start: tf.Tensor, view: AudioViewConfig, seed: tf.Tensor) -> tf.Tensor:
    samples, frames = tf.size(record["audio"]), tf.size(record["frames"])
    if view.offset == "independent":
        start = sampling.broad_start(samples, seed)
    else:
        start = sampling.sample_at_frame(narrow_start, frames, samples)
    waveform = tf.gather(record["audio"], sampling.sample_indices(start, view.samples, samples))
    spectrogram = log_mel(waveform, view)
    return tf.ensure_shape(spectrogram, [view.spectrogram_frames, view.mel_bands])
