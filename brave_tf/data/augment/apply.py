"""All steps of a view's augmentation, in order."""

import tensorflow as tf

from brave_tf.config import AugmentConfig, Modality
from brave_tf.data.augment.blur import blur
from brave_tf.data.augment.color import jitter
from brave_tf.data.augment.flip import flip, flip_flow
from brave_tf.data.augment.grayscale import grayscale
from brave_tf.data.augment.parameters import Parameters
from brave_tf.data.augment.random_convolution import convolve
from brave_tf.modalities import MODALITIES, NARROW

SCALARS = ("flip", "color", "brightness", "saturation", "contrast", "hue", "grayscale")
"""Parameters of the steps that change pixel by pixel."""


def apply(frames: tf.Tensor, parameters: Parameters, config: AugmentConfig, modality: Modality = NARROW) -> tf.Tensor:
    """Augments a batch of views.

    Steps that `config` never draws cost nothing; a step that is not drawn for a view leaves it as it is. What has no
    colours is only flipped. Displacements of optical flow stay what they were in the whole picture: an enlarged crop
    shows larger things, not faster ones.

    Args:
        frames: [B, T, H, W, C], uint8, or float32 in 0 to 255, as they are stored.
        parameters: `sample`'s, with a leading axis B.
        config: what they were sampled from.
        modality: what they show.

    Returns:
        [B, T, H, W, C] float32 as `to_unit` scales it, but for what random convolution does.
    """
    facts = MODALITIES[modality]
    # Colour by colour, [B, C, T, H, W]: rows of pixels are contiguous, which is what CPUs and matrix units want.
    planes = tf.transpose(to_unit(frames, modality), [0, 4, 1, 2, 3])
    if facts.has_colors and config.blur > 0:
        planes = blur(planes, tf.where(parameters["blur"], parameters["blur_sigma"], 0.0))
    change = _flipped_and_recolored
    if facts.has_colors and config.color > 0 and not tf.config.list_logical_devices("GPU"):
        change = _compiled
    augmented = change(planes, {name: parameters[name] for name in SCALARS}, config, modality)
    if facts.has_colors and config.random_convolution > 0:
        augmented = convolve(augmented, parameters["kernel"], parameters["random_convolution"])
    return augmented


def _flipped_and_recolored(
    planes: tf.Tensor, parameters: Parameters, config: AugmentConfig, modality: Modality
) -> tf.Tensor:
    """What changes pixel by pixel: [B, C, T, H, W] -> [B, T, H, W, C]."""
    facts = MODALITIES[modality]
    if config.flip > 0:
        planes = (flip_flow if facts.is_directed else flip)(planes, parameters["flip"])
    if facts.has_colors:
        planes = _recolor(planes, parameters, config)
    return tf.transpose(planes, [0, 2, 3, 4, 1])


# Some fifty operations on whole views, which wait for memory: XLA makes two loops of them, at a third of the time. With
# a GPU the whole step is compiled, if the user wants that.
_compiled = tf.function(_flipped_and_recolored, jit_compile=True, autograph=False)


def _recolor(planes: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    if config.color > 0:
        jittered = jitter(planes, *(parameters[name] for name in ("brightness", "saturation", "contrast", "hue")))
        planes = tf.where(_per_view(parameters["color"]), jittered, planes)
    if config.grayscale > 0:
        planes = tf.where(_per_view(parameters["grayscale"]), grayscale(planes), planes)
    return planes


def apply_to(modality: Modality, frames: tf.Tensor, parameters: Parameters, config: AugmentConfig) -> tf.Tensor:
    """`apply`, with the modality first."""
    return apply(frames, parameters, config, modality)


def apply_one(
    frames: tf.Tensor, parameters: Parameters, config: AugmentConfig, modality: Modality = NARROW
) -> tf.Tensor:
    """Augments one view [T, H, W, C]."""
    batch = {name: value[None] for name, value in parameters.items()}
    return apply(frames[None], batch, config, modality)[0]


def to_unit(pictures: tf.Tensor, modality: Modality) -> tf.Tensor:
    """Stored values, 0 to 255, as the networks take them: RGB in [0, 1], flow in [-1, 1]; float32."""
    facts = MODALITIES[modality]
    return (tf.cast(pictures, tf.float32) - facts.zero) / facts.steps


def _per_view(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None, None]
