"""Weights of the golden networks, rebuilt from their names."""

import zlib

import keras
import numpy as np


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array that the goldens were computed with, from its full Haiku name."""
    kind = name.rsplit("/", 1)[1]
    draws = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(int(np.prod(shape))).reshape(shape)
    if kind == "w":
        draws = draws * np.sqrt(1 / np.prod(shape[:-1]))
    elif kind == "scale":
        draws = 1 + 0.1 * draws
    elif kind == "average" and "/var_ema/" in name:
        draws = np.exp(0.3 * draws)
    else:
        draws = 0.1 * draws
    return draws.astype(np.float32)


def haiku_names(backbone: keras.Model, prefix: str, block: str, convolution: str, stem: str) -> list[str]:
    """Full Haiku name of every weight of a backbone, in the order of `backbone.weights`."""
    names = []
    for weight in backbone.weights:
        layer, kind = weight.path.split("/")[-2:]
        if layer == "stem":
            module = stem
        elif layer == "last_norm":
            module = "batch_norm"
        else:
            _, unit, _, number, rest = layer.split("_", 4)
            module = block.format(unit, number) + "/"
            if rest.endswith("_norm"):
                module += "batch_norm" + ("" if rest[0] == "0" else f"_{rest[0]}")
            else:
                module += convolution + ("shortcut_conv" if rest == "shortcut" else rest)
        names.append(f"{prefix}/{module}/{_KINDS[kind]}")
    return names


_KINDS = {
    "kernel": "w",
    "gamma": "scale",
    "beta": "offset",
    "moving_mean": "~/mean_ema/average",
    "moving_variance": "~/var_ema/average",
}


def fill_backbone(backbone: keras.Model, *layout: str) -> None:
    """Sets all weights of a backbone by the recipe."""
    for weight, name in zip(backbone.weights, haiku_names(backbone, *layout), strict=True):
        weight.assign(fill(name, tuple(weight.shape)))


TSM_LAYOUT = ("narrow_video_embedding/TSMResNetV2", "tsm_resnet_unit_{}/block_{}", "", "tsm_resnet_stem")
AUDIO_LAYOUT = ("broad_audio_embedding/res_net_v2", "~/block_group_{}/block_{}", "~/", "~/initial_conv")
