"""From one record to its views: which frames first, then only those decoded, and only the crop."""

from typing import Any

import tensorflow as tf

from brave_tf.config import AudioViewConfig, Config, Modality, VideoViewConfig
from brave_tf.data import augment
from brave_tf.data.pictures import decode, picture_shape, stored_pictures
from brave_tf.data.placement import Record, VideoPlacement, place_views, scale_window, window
from brave_tf.data.spectrogram import check_finite, log_mel
from brave_tf.modalities import MODALITIES, NARROW


def training_views(record: Record, example_seed: tf.Tensor, config: Config) -> dict[str, Any]:
    """The narrow and broad views of one clip, placed by `brave_tf.data.placement.place_views`.

    Args:
        record: pictures and sound of a clip.
        example_seed: [2] int64; everything random about this example follows from it.
        config: the experiment.

    Returns:
        `narrow` [T, H, W, 3], `broad` with `rgb` [K, T, H, W, 3], `flow` [K, T, H, W, 2] and `audio` [S, M] float32,
        and `augment` with the sampled parameters of the visual views. These are crops as `config.data.handover` says,
        uint8, or float32 in 0 to 255. With host augmentation they are augmented, float32 in [0, 1], flow in [-1, 1],
        and `augment` is absent.

    Raises:
        tf.errors.OpError: a picture does not decode, or the sound is not finite.
    """
    placed = place_views(record, example_seed, config)
    narrow = view_crops(record, placed.narrow, config.narrow, NARROW)
    broad: dict[str, tf.Tensor] = {}
    drawn: dict[str, Any] = {"narrow": placed.narrow.parameters}
    for modality, views in placed.broad.items():
        view = config.broad.visual[modality]
        crops = [view_crops(record, placement, view, modality) for placement in views]
        broad[modality] = tf.stack(
            [_finish(each, placement, view, config, modality) for each, placement in zip(crops, views, strict=True)]
        )
        drawn[modality] = tf.nest.map_structure(lambda *values: tf.stack(values), *(each.parameters for each in views))
    for modality, sound in config.broad.sound.items():
        broad[modality] = _spectrogram(record[MODALITIES[modality].key], placed.sound[modality], sound)
    finished = {"narrow": _finish(narrow, placed.narrow, config.narrow, config, NARROW), "broad": broad}
    return {**finished, "augment": drawn} if config.data.augment_on == "device" else finished


def view_crops(record: Record, placement: VideoPlacement, view: VideoViewConfig, modality: Modality) -> tf.Tensor:
    """The crops of a view, resized: [T, H, W, C] float32 in 0 to 255."""
    encoded = stored_pictures(record, modality, placement.frames)
    shape = picture_shape(encoded[0])
    place = window(placement, shape[0], shape[1], view)
    if view.decode == "small":
        encoded = tf.gather(record["small_frames"], placement.frames)
        place = scale_window(place, shape[:2], picture_shape(encoded[0])[:2])
    cropped = decode(encoded, modality, place)
    resized = _resize(cropped, view.size)
    return tf.ensure_shape(resized, [view.frames, view.size, view.size, MODALITIES[modality].channels])


def _resize(crops: tf.Tensor, size: int) -> tf.Tensor:
    """Bilinear, without smoothing what becomes smaller (released code): [T, H, W, C] uint8 -> [T, size, size, C]."""
    # Only of float32 it is vectorised, which pays where pictures do not become smaller; the values are the same.
    is_enlarged = tf.reduce_prod(tf.shape(crops)[1:3]) <= size * size
    return tf.cond(
        is_enlarged,
        lambda: tf.image.resize(tf.cast(crops, tf.float32), (size, size)),
        lambda: tf.image.resize(crops, (size, size)),
    )


def _finish(
    crops: tf.Tensor, placement: VideoPlacement, view: VideoViewConfig, config: Config, modality: Modality
) -> tf.Tensor:
    # Differs from the released code: with "uint8" the resized frames are rounded, by at most half of 1/255.
    crops = round_to_uint8(crops) if config.data.handover == "uint8" else crops
    if config.data.augment_on == "host":
        return augment.apply_on_host(crops, placement.parameters, view.augment, modality)
    return crops


def round_to_uint8(crops: tf.Tensor) -> tf.Tensor:
    """Resized pixels, 0 to 255, as whole numbers; halves go to the even one."""
    # Clipping, rounding and casting in one pass.
    quantized, _, _ = tf.raw_ops.QuantizeV2(
        input=crops,
        min_range=0.0,
        max_range=255.0,
        T=tf.quint8,
        mode="SCALED",
        round_mode="HALF_TO_EVEN",
    )
    return tf.bitcast(quantized, tf.uint8)


def _spectrogram(sound: tf.Tensor, numbers: tf.Tensor, view: AudioViewConfig) -> tf.Tensor:
    """The log-mel view of the samples with these numbers, [S, M] float32; number -1 is silence."""
    # All of it: whether a clip is damaged does not depend on where the view lies.
    sound = check_finite(sound, "the sound")
    waveform = tf.where(numbers < 0, 0.0, tf.gather(sound, tf.maximum(numbers, 0)))
    spectrogram = check_finite(log_mel(waveform, view), "the spectrogram")
    return tf.ensure_shape(spectrogram, [view.spectrogram_frames, view.mel_bands])
