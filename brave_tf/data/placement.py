"""Where the views of one clip lie, in time and in the picture, before anything is decoded."""

import dataclasses

import tensorflow as tf

from brave_tf.config import AudioViewConfig, Config, Modality, VideoViewConfig
from brave_tf.data import augment, sampling
from brave_tf.data.augment.crop import crop_window
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random import derive_seed
from brave_tf.data.augment.zoom import zoom, zoom_factor
from brave_tf.modalities import MODALITIES

Record = dict[str, tf.Tensor]
"""What `brave_tf.data.records.parse` returns."""


@dataclasses.dataclass(frozen=True)
class VideoPlacement:
    """One visual view of one clip.

    Attributes:
        frames: [T] int64, frame numbers of the 25 fps clip.
        seed: [2] int64, what its crop follows from.
        parameters: of its augmentation, as `brave_tf.data.augment.sample` draws them.
    """

    frames: tf.Tensor
    seed: tf.Tensor
    parameters: Parameters


@dataclasses.dataclass(frozen=True)
class Placements:
    """All views of one clip.

    Attributes:
        narrow: the narrow view.
        broad: the K views of each visual modality.
        sound: [N] int64 for each modality made of sound, sample numbers of its view, -1 for silence.
    """

    narrow: VideoPlacement
    broad: dict[Modality, list[VideoPlacement]]
    sound: dict[Modality, tf.Tensor]


def place_views(record: Record, example_seed: tf.Tensor, config: Config) -> Placements:
    """Draws where the narrow and broad views of a clip lie.

    Narrow and visual broad views are placed independently (unless the broad one is "aligned"); the sound starts with
    the narrow view (paper, section 4.1).

    Args:
        record: frames and sound of a clip.
        example_seed: [2] int64; everything random about this example follows from it.
        config: the experiment.
    """
    total = tf.size(record["frames"])
    seed = derive_seed(example_seed, "narrow")
    start = sampling.narrow_start(total, config.narrow.span_frames, seed)
    broad: dict[Modality, list[VideoPlacement]] = {}
    for modality, view in config.broad.visual.items():
        seeds = [derive_seed(example_seed, modality, k) for k in range(view.views)]
        broad[modality] = [_place(_broad_start(start, total, view, each), total, view, each) for each in seeds]
    heard: dict[Modality, tf.Tensor] = {}
    for modality, sound in config.broad.sound.items():
        samples = tf.size(record[MODALITIES[modality].key])
        each = derive_seed(example_seed, modality)
        heard[modality] = _place_audio(samples, total, start, config.narrow, sound, each)
    return Placements(_place(start, total, config.narrow, seed), broad, heard)


def window(placement: VideoPlacement, height: tf.Tensor, width: tf.Tensor, view: VideoViewConfig) -> tf.Tensor:
    """The crop of a view in a picture of the given size: (top, left, height, width) in pixels, [4] int32."""
    drawn = crop_window(placement.seed, height, width, view.augment)
    if view.augment.scale_jitter == (1.0, 1.0):
        return drawn
    return zoom(drawn, zoom_factor(placement.seed, view.augment), height, width)


def scale_window(window: tf.Tensor, size: tf.Tensor, new_size: tf.Tensor) -> tf.Tensor:
    """The same window in the picture at another size, to the nearest pixel: (top, left, height, width), [4] int32.

    Args:
        window: in the picture as it was, [4] int32.
        size: its height and width, [2] int32.
        new_size: those of the other size, [2] int32.
    """
    begin, end = window[:2], window[:2] + window[2:]
    # Rounded without floats: twice the place, and half a pixel more.
    begin, end = ((2 * each * new_size + size) // (2 * size) for each in (begin, end))
    begin = tf.minimum(begin, new_size - 1)
    return tf.concat([begin, tf.maximum(end - begin, 1)], axis=0)


def place_alone(total: tf.Tensor, view: VideoViewConfig, seed: tf.Tensor) -> VideoPlacement:
    """A view that is placed like a narrow one, in a clip of `total` frames."""
    return _place(sampling.narrow_start(total, view.span_frames, seed), total, view, seed)


def _place(start: tf.Tensor, total: tf.Tensor, view: VideoViewConfig, seed: tf.Tensor) -> VideoPlacement:
    frames = sampling.frame_indices(start, view.frames, view.step, total)
    return VideoPlacement(frames, seed, augment.sample(seed, view.augment))


def _broad_start(narrow_start: tf.Tensor, total: tf.Tensor, view: VideoViewConfig, seed: tf.Tensor) -> tf.Tensor:
    return narrow_start if view.offset == "aligned" else sampling.broad_start(total, seed)


def _place_audio(
    samples: tf.Tensor,
    frames: tf.Tensor,
    narrow_start: tf.Tensor,
    narrow: VideoViewConfig,
    view: AudioViewConfig,
    seed: tf.Tensor,
) -> tf.Tensor:
    if view.padding == "zeros":
        return sampling.released_sample_indices(narrow_start, frames, samples, view.nominal_frames, view.samples)
    if view.offset == "independent":
        start = sampling.broad_start(samples, seed)
    elif view.offset == "centered":
        start = sampling.centered_sample(narrow_start, narrow.span_frames, frames, view.samples, samples)
    else:
        start = sampling.sample_at_frame(narrow_start, frames, samples)
    return sampling.sample_indices(start, view.samples, samples)
