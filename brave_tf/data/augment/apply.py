"""All steps of a view's augmentation, in order."""

import tensorflow as tf

from brave_tf.config import AugmentConfig, Modality
from brave_tf.data.augment.blur import blur
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.flip import flip, flip_flow
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random_convolution import convolve
from brave_tf.data.flow_code import STEPS, ZERO


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
    planes = tf.transpose(to_unit(frames, "rgb"), [0, 4, 1, 2, 3])
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


def apply_flow(pictures: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments a batch of optical flow views, which are only flipped.

    Displacements stay what they were in the whole picture: an enlarged crop shows larger things, not faster ones.

    Args:
        pictures: [B, T, H, W, 2], uint8, or float32 in 0 to 255: displacements as they are stored, see
            `brave_tf.preparation.tv_l1`.
        parameters: `sample`'s, with a leading axis B.
        config: what they were sampled from.

    Returns:
        [B, T, H, W, 2] float32 in [-1, 1], horizontal and vertical: 1 is the limit of what is stored.
    """
    planes = tf.transpose(to_unit(pictures, "flow"), [0, 4, 1, 2, 3])
    if config.flip > 0:
        planes = flip_flow(planes, parameters["flip"])
    return tf.transpose(planes, [0, 2, 3, 4, 1])


def apply_to(modality: Modality, frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """Augments a batch of views of one visual modality: `apply` or `apply_flow`."""
    return apply_flow(frames, parameters, config) if modality == "flow" else apply(frames, parameters, config)


def apply_one(
    frames: tf.Tensor, parameters: Parameters, config: AugmentConfig, modality: Modality = "rgb"
) -> tf.Tensor:
    """Augments one view [T, H, W, C]."""
    batch = {name: value[None] for name, value in parameters.items()}
    return apply_to(modality, frames[None], batch, config)[0]


def to_unit(pictures: tf.Tensor, modality: Modality) -> tf.Tensor:
    """Stored values, 0 to 255, as the networks take them: RGB in [0, 1], flow in [-1, 1]; float32."""
    values = tf.cast(pictures, tf.float32)
    return (values - ZERO) / STEPS if modality == "flow" else values / 255.0


def _per_view(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None, None]
