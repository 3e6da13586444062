"""Inputs and weights that `golden/transcriptions.npz` was made of, for the gate, which has no PyTorch and no JAX."""

import keras
import numpy as np

from brave_tf.models import R3D, TSMResNet

VIDEO_SHAPES = [(1, 1, 64, 64), (2, 3, 50, 81), (1, 11, 97, 40), (1, 6, 33, 127)]
"""Clips, frames, height and width of videos that TSM-ResNet-50 embeds."""
SOUND_SHAPES = [(2, 57, 80), (1, 201, 64)]
"""Of spectrograms that the audio ResNet-50 embeds."""
R3D_KINDS = [(version, stem) for version in (1, 2) for stem in ("slow", "cvrl")]
NETWORKS = {"TSMResNet": TSMResNet, "R3D": R3D}
"""What is loaded under other backends."""
BACKENDS = ("jax", "torch")


def video(shape: tuple[int, ...]) -> np.ndarray:
    """Clips in [0, 1]."""
    return np.random.default_rng(0).random((*shape, 3), dtype=np.float32)


def sound(shape: tuple[int, ...]) -> np.ndarray:
    """Spectrograms in [0, 5]."""
    return 5 * np.random.default_rng(0).random(shape, dtype=np.float32)


R3D_CLIP = np.random.default_rng(1).random((2, 5, 38, 45, 3), dtype=np.float32)
ENCODER_CLIP = np.random.default_rng(1).random((2, 5, 40, 33, 3), dtype=np.float32)


def r3d(version: int, stem: str) -> keras.Model:
    """A thin R3D-26."""
    return _randomised(R3D(depth=26, width=0.125, version=version, stem=stem))


def encoder(network: str) -> keras.Model:
    """A thin network of depth 14."""
    return _randomised(NETWORKS[network](depth=14, width=0.125))


def _randomised(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(0)
    for weight in model.weights:
        deviation = 1 / np.sqrt(np.prod(weight.shape[:-1])) if weight.path.endswith("kernel") else 0.2
        shift = 1.0 if weight.path.endswith(("gamma", "moving_variance")) else 0.0
        noise = deviation * rng.standard_normal(tuple(weight.shape))
        weight.assign(shift + np.clip(noise, -0.9, None))
    return model


def name_of(*parts: object) -> str:
    """The name of an array in the file, such as `tsm/1/2x3x50x81`."""
    return "/".join("x".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts)
