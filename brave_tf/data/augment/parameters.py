"""The random parameters of one view."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from brave_tf.config import AugmentConfig
from brave_tf.data.augment.random import derive_seed, derive_seeds, uniforms
from brave_tf.data.augment.random_convolution import draw_kernel

Parameters = dict[str, tf.Tensor]


def sample(seed: tf.Tensor, config: AugmentConfig) -> Parameters:
    """Draws everything that is random about a view's augmentation, but for the crop.

    Args:
        seed: [2] int64, the view's seed.
        config: probabilities and ranges.

    Returns:
        Scalars by name: `flip`, `blur`, `color`, `grayscale` (bool: whether), `blur_sigma`, `brightness`, `saturation`,
        `contrast`, `hue` (float32: how much), and, if the view may be randomly convolved, `random_convolution` (bool),
        `kernel_size` (int32) and `kernel` [11, 11, 3, 3] float32, centred in zeros.

    Reference:
        The paper, section 4.1, "augmentations"; numbers of the released code.
    """
    chances = ["flip", "blur", "color", "grayscale"]
    if config.random_convolution > 0:
        chances.append("random_convolution")
    ranges = {
        **dict.fromkeys(chances, (0.0, 1.0)),
        "blur_sigma": config.blur_sigma,
        "brightness": (-config.brightness, config.brightness),
        "saturation": (1 - config.saturation, 1 + config.saturation),
        "contrast": (1 - config.contrast, 1 + config.contrast),
        "hue": (-config.hue, config.hue),
    }
    drawn = uniforms(derive_seeds(seed, list(ranges)), list(ranges.values()))
    parameters = dict(zip(ranges, tf.unstack(drawn), strict=True))
    parameters |= {name: parameters[name] < getattr(config, name) for name in chances}
    if "random_convolution" in chances:
        parameters["kernel_size"], parameters["kernel"] = draw_kernel(derive_seed(seed, "kernel"))
    return parameters


def describe(parameters: Mapping[str, Any]) -> str:
    """The parameters of one view in words, such as "flipped; blurred, sigma 1.3; grey"."""
    words = []
    if parameters["flip"]:
        words.append("flipped")
    if parameters["blur"]:
        words.append(f"blurred, sigma {float(parameters['blur_sigma']):.1f} px")
    if parameters["color"]:
        # Plus zero, for a rounded -0.0 would be shown with its sign.
        brightness, hue = round(float(parameters["brightness"]), 2) + 0.0, round(360 * float(parameters["hue"])) + 0.0
        words.append(
            f"brightness {brightness:+.2f}, saturation x{float(parameters['saturation']):.2f}, "
            f"contrast x{float(parameters['contrast']):.2f}, hue {hue:+.0f} degrees"
        )
    if parameters["grayscale"]:
        words.append("grey")
    if parameters.get("random_convolution", False):
        size = int(parameters["kernel_size"])
        words.append(f"convolved with a random {size}x{size} kernel")
    return "; ".join(words) or "unchanged"
