"""Encoded frames, JPEG or PNG, to pixels."""

import tensorflow as tf

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


def decode_flow(encoded: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """The same window of several optical flow pictures, as they are stored: see `brave_tf.preparation.tv_l1`.

    Args:
        encoded: [T] string, PNG with two channels.
        window: [4] int32 (top, left, height, width) in pixels.

    Returns:
        [T, H, W, 2] uint8, horizontal and vertical.
    """

    def decode(picture: tf.Tensor) -> tf.Tensor:
        return tf.image.crop_to_bounding_box(tf.io.decode_png(picture, channels=0), *tf.unstack(window))

    return tf.map_fn(decode, encoded, fn_output_signature=tf.TensorSpec([None, None, 2], tf.uint8))


def picture_shape(encoded: tf.Tensor) -> tf.Tensor:
    """Height, width and 3 of a JPEG or PNG, without decoding it: [3] int32."""

    def png() -> tf.Tensor:
        width_height = tf.io.decode_raw(tf.strings.substr(encoded, PNG_SIZE_AT, 8), tf.int32, little_endian=False)
        return tf.stack([width_height[1], width_height[0], 3])

    return tf.cond(_is_jpeg(encoded), lambda: tf.io.extract_jpeg_shape(encoded), png)


def _is_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    return tf.equal(tf.strings.substr(encoded, 0, len(JPEG_START)), JPEG_START)
