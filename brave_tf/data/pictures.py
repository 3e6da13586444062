"""Encoded frames, JPEG or PNG, to pixels."""

from collections.abc import Mapping

import tensorflow as tf

from brave_tf.modalities import MODALITIES, Modality

JPEG_START = b"\xff\xd8\xff"
PNG_SIZE_AT = 16
"""Byte at which a PNG says its width and height, four bytes each, most significant first."""


def decode_pictures(encoded: tf.Tensor, window: tf.Tensor | None = None) -> tf.Tensor:
    """Frames of one clip, all JPEG or all PNG and of one size.

    Of a JPEG only the window is decoded; a PNG is decoded whole, then cropped.

    Args:
        encoded: [T] string.
        window: [4] int32 (top, left, height, width) in pixels; None for the whole picture.

    Returns:
        [T, H, W, 3] uint8.
    """

    def jpeg(picture: tf.Tensor) -> tf.Tensor:
        if window is None:
            return tf.io.decode_jpeg(picture, channels=3)
        return tf.image.decode_and_crop_jpeg(picture, window, channels=3)

    def png(picture: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_png(picture, channels=3)
        return pixels if window is None else tf.image.crop_to_bounding_box(pixels, *tf.unstack(window))

    signature = tf.TensorSpec([None, None, 3], tf.uint8)
    return tf.cond(
        _is_jpeg(encoded[0]),
        lambda: tf.map_fn(jpeg, encoded, fn_output_signature=signature),
        lambda: tf.map_fn(png, encoded, fn_output_signature=signature),
    )


def decode_planes(encoded: tf.Tensor, channels: int, window: tf.Tensor | None = None) -> tf.Tensor:
    """Pictures whose channels are no colours, as they are stored.

    Args:
        encoded: [T] string, PNG with C channels.
        channels: C; of optical flow 2, horizontal and vertical (see `brave_tf.preparation.tv_l1`).
        window: [4] int32 (top, left, height, width) in pixels; None for the whole picture.

    Returns:
        [T, H, W, C] uint8.
    """

    def decode(picture: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_png(picture, channels=0)
        return pixels if window is None else tf.image.crop_to_bounding_box(pixels, *tf.unstack(window))

    return tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec([None, None, channels], tf.uint8))


def stored_pictures(record: Mapping[str, tf.Tensor], modality: Modality, frames: tf.Tensor) -> tf.Tensor:
    """The encoded pictures of a modality at some frames of a clip.

    Args:
        record: what `brave_tf.data.records.parse` returns.
        modality: one that is made of frames.
        frames: [T] int64, numbers of 25 fps frames; a picture serves all frames up to the next.

    Returns:
        [T] string.
    """
    facts = MODALITIES[modality]
    # The narrow view's own frames have one picture each.
    step = record.get(facts.step_key)
    return tf.gather(record[facts.key], frames if step is None else frames // step)


def decode(encoded: tf.Tensor, modality: Modality, window: tf.Tensor | None = None) -> tf.Tensor:
    """Pictures of a modality, or the same window of each, as they are stored: [T] string -> [T, H, W, C] uint8."""
    facts = MODALITIES[modality]
    if facts.has_colors:
        return decode_pictures(encoded, window)
    return decode_planes(encoded, facts.channels, window)


def picture_shape(encoded: tf.Tensor) -> tf.Tensor:
    """Height, width and 3 of a JPEG or PNG, without decoding it: [3] int32."""

    def png() -> tf.Tensor:
        width_height = tf.io.decode_raw(tf.strings.substr(encoded, PNG_SIZE_AT, 8), tf.int32, little_endian=False)
        return tf.stack([width_height[1], width_height[0], 3])

    return tf.cond(_is_jpeg(encoded), lambda: tf.io.extract_jpeg_shape(encoded), png)


def _is_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.strings.substr(encoded, 0, len(JPEG_START)), JPEG_START)
