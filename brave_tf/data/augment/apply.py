"""All steps of a view's augmentation, in order."""

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.blur import blur
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.flip import flip
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random_convolution import convolve, convolve_one


def apply(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments a batch of views on the accelerator.

    Steps that `config` never draws cost nothing; a step that is not drawn for a view leaves it as it is.

    Args:
        frames: [B, T, H, W, 3], uint8, or float32 in 0 to 255.
        parameters: `sample`'s, with a leading axis B.
        config: what they were sampled from.

    Returns:
        [B, T, H, W, 3] float32, in [0, 1] but for what colours and random convolution do.
    """
    frames = _before_convolution(frames, parameters, config)
    if config.random_convolution > 0:
        convolved = convolve(frames, parameters["kernel"])
        frames = tf.where(_per_view(parameters["random_convolution"]), convolved, frames)
    return frames


def apply_one(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments one view [T, H, W, 3] on the host; equals `apply` on a batch of one."""
    batch = {name: value[None] for name, value in parameters.items()}
    frames = _before_convolution(frames[None], batch, config)[0]
    if config.random_convolution > 0:
        frames = tf.cond(
            parameters["random_convolution"],
            lambda: convolve_one(frames, parameters["kernel"], parameters["kernel_size"]),
            lambda: frames,
        )
    return frames


def _before_convolution(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    frames = tf.cast(frames, tf.float32) / 255.0
    if config.blur > 0:
        sigma = tf.where(parameters["blur"], parameters["blur_sigma"], 0.0)
        frames = blur(frames, sigma)
    if config.flip > 0:
        frames = flip(frames, parameters["flip"])
    if config.color > 0:
        jittered = jitter(frames, *(parameters[name] for name in ("brightness", "saturation", "contrast", "hue")))
        frames = tf.where(_per_view(parameters["color"]), jittered, frames)
    if config.grayscale > 0:
        frames = tf.where(_per_view(parameters["grayscale"]), grayscale(frames), frames)
    return frames


def _per_view(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None, None]
