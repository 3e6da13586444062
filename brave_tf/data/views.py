"""From one record to its views: which frames first, then only those decoded, and only the crop."""

from typing import Any

import tensorflow as tf

from brave_tf.config import AudioViewConfig, AugmentConfig, Config, EvaluationConfig, VideoViewConfig
from brave_tf.data import augment, sampling
from brave_tf.data.evaluation_frames import crop, resize_shorter_side
from brave_tf.data.spectrogram import log_mel

EVALUATION_AUGMENT = AugmentConfig(blur=0.0)
"""Augmentation of the samples that train a classifier: as in pre-training, without blur (paper, section 4.2)."""


def training_views(record: dict[str, tf.Tensor], example_seed: tf.Tensor, config: Config) -> dict[str, Any]:
    """The narrow and broad views of one clip.

    Args:
        record: what `brave_tf.data.records.parse` returns.
        example_seed: [2] int64; everything random about this example follows from it.
        config: the experiment.

    Returns:
        `narrow` [T, H, W, 3] uint8, `broad` with `rgb` [K, T, H, W, 3] uint8 and `audio` [S, M] float32, and `augment`
        with the sampled parameters. With host augmentation the views are float32 in [0, 1] and `augment` is absent.
    """
    frames = tf.size(record["frames"])
    narrow_seed = sampling.view_seed(example_seed, "narrow", 0)
    start = sampling.narrow_start(frames, config.narrow.span_frames, narrow_seed)
    narrow, narrow_parameters = _video_view(record, start, config.narrow, narrow_seed)
    element: dict[str, Any] = {"narrow": narrow, "broad": {}}
    parameters = {"narrow": narrow_parameters}
    if config.broad.rgb is not None:
        views = [_broad_rgb(record, start, config.broad.rgb, example_seed, k) for k in range(config.broad.rgb.views)]
        element["broad"]["rgb"] = tf.stack([view for view, _ in views])
        parameters["rgb"] = {name: tf.stack([drawn[name] for _, drawn in views]) for name in views[0][1]}
    if config.broad.audio is not None:
        element["broad"]["audio"] = _audio_view(record, start, config.broad.audio, example_seed)
    if config.data.augment_on == "host":
        return _augmented_on_host(element, parameters, config)
    element["augment"] = parameters
    return element


def classifier_sample(record: dict[str, tf.Tensor], seed: tf.Tensor, view: EvaluationConfig) -> tf.Tensor:
    """One augmented sample that trains a classifier: [T, H, W, 3] float32 in [0, 1]."""
    video = VideoViewConfig(frames=view.frames, step=view.step, size=view.size, augment=EVALUATION_AUGMENT)
    start = sampling.narrow_start(tf.size(record["frames"]), video.span_frames, seed)
    frames, parameters = _video_view(record, start, video, seed)
    return augment.apply_one(frames, parameters, video.augment)


def test_windows(record: dict[str, tf.Tensor], view: EvaluationConfig) -> tf.Tensor:
    """The test clips of one video: [windows * crops, T, H, W, 3] float32 in [0, 1].

    Temporal windows are evenly spaced, spatial crops lie on the diagonal from the upper left to the lower right corner
    (released code).
    """
    raise NotImplementedError
