"""Scale jitter: a zoom into the crop window, chosen before anything is decoded."""

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.random import derive_seed, uniform

LEAST_PIXELS = 1


def zoom_factor(seed: tf.Tensor, config: AugmentConfig) -> tf.Tensor:
    """Draws the zoom of a view, float32: above 1 objects look larger.

    Args:
        seed: [2] int64, the view's seed.
        config: the range.
    """
    return uniform(derive_seed(seed, "scale"), *config.scale_jitter)


def zoom(window: tf.Tensor, factor: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """The window (top, left, height, width) made smaller by `factor` around its middle, [4] int32.

    A factor below 1 makes it larger, as far as the image reaches; its aspect ratio then changes where one side does not
    fit. A window that would leave the image is moved inside.

    Args:
        window: [4] int32, in pixels.
        factor: float32 scalar, above 0.
        height: the image's, in pixels.
        width: the image's, in pixels.
    """
    image = tf.stack([height, width])
    old = window[2:]
    new = tf.cast(tf.round(tf.cast(old, tf.float32) / factor), tf.int32)
    new = tf.clip_by_value(new, LEAST_PIXELS, image)
    corner = tf.clip_by_value(window[:2] + (old - new) // 2, 0, image - new)
    return tf.concat([corner, new], axis=0)
