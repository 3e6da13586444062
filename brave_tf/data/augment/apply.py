"""All steps of a view's augmentation, in order."""

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.blur import blur
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.flip import flip
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random_convolution import convolve


def apply(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments a batch of views.

    Steps that `config` never draws cost nothing; a step that is not drawn for a view leaves it as it is.

    Args:
        frames: [B, T, H, W, 3], uint8, or float32 in 0 to 255.
        parameters: `sample`'s, with a leading axis B.
        config: what they were sampled from.

    Returns:
        [B, T, H, W, 3] float32, in [0, 1] but for what random convolution does.
    """
    # Colour by colour, [B, 3, T, H, W]: rows of pixels are contiguous, which is what CPUs and matrix units want.
    planes = tf.transpose(tf.cast(frames, tf.float32) / 255.0, [0, 4, 1, 2, 3])
    if config.blur > 0:
        planes = blur(planes, tf.where(parameters["blur"], parameters["blur_sigma"], 0.0))
    if config.flip > 0:
        planes = flip(planes, parameters["flip"])
    if config.color > 0:
        jittered = jitter(planes, *(parameters[name] for name in ("brightness", "saturation", "contrast", "hue")))
        planes = tf.where(_per_view(parameters["color"]), jittered, planes)
    if config.grayscale > 0:
        planes = tf.where(_per_view(parameters["grayscale"]), grayscale(planes), planes)
    augmented = tf.transpose(planes, [0, 2, 3, 4, 1])
    if config.random_convolution > 0:
        kernels, sizes, chosen = (parameters[name] for name in ("kernel", "kernel_size", "random_convolution"))
        augmented = convolve(augmented, kernels, sizes, chosen)
    return augmented


def apply_one(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments one view [T, H, W, 3]."""
    return apply(frames[None], {name: value[None] for name, value in parameters.items()}, config)[0]


def _per_view(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None, None]
