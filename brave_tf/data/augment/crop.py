"""The random crop window of a view, chosen before anything is decoded."""

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.random import derive_seed

FALLBACK_PADDING = 16
ATTEMPTS = 20


def crop_window(seed: tf.Tensor, height: tf.Tensor, width: tf.Tensor, config: AugmentConfig) -> tf.Tensor:
    """Draws a window (top, left, height, width), [4] int32.

    A window that is the whole image, drawn or for want of a better one, becomes the centred square 16 pixels inside it
    (released code). Differs from the released code: images under 64 pixels keep a quarter instead of 16 pixels, so that
    small ones work.

    Args:
        seed: [2] int64, the view's seed.
        height: the stored image's height in pixels.
        width: its width.
        config: ranges of area and aspect ratio.
    """
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.stack([height, width, 3]),
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed=derive_seed(seed, "crop"),
        min_object_covered=config.crop_area[0],
        aspect_ratio_range=config.crop_aspect,
        area_range=config.crop_area,
        max_attempts=ATTEMPTS,
    )
    drawn = tf.stack([begin[0], begin[1], size[0], size[1]])
    is_whole = (size[0] == height) & (size[1] == width)
    return tf.where(is_whole, centered_window(height, width, FALLBACK_PADDING), drawn)


def centered_window(height: tf.Tensor, width: tf.Tensor, padding: int) -> tf.Tensor:
    """The centred square `padding` pixels inside the image: (top, left, height, width), [4] int32."""
    shorter = tf.minimum(height, width)
    inset = tf.minimum(padding, shorter // 4)
    side = shorter - 2 * inset
    return tf.stack([(height - shorter) // 2 + inset, (width - shorter) // 2 + inset, side, side])
