"""Trees of the released networks, with the weights that the goldens were computed with."""

import functools
import gzip
import json
import zlib
from pathlib import Path

import numpy as np

UPDATES = 10
"""Updates that the moving averages of the goldens have seen."""


@functools.cache
def listing(tree: str) -> dict[str, dict[str, list[int]]]:
    """Shapes of all arrays by full name, in `params` and `state`; of `full_v_va_1x` or `narrow_tsm_2x`."""
    file = Path(__file__).parent / "golden" / "released_arrays.json.gz"
    return json.loads(gzip.decompress(file.read_bytes()))[tree]


def filled(tree: str, prefix: str = "") -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """`params` and `state` of the modules that begin with `prefix`."""
    parts = {}
    for part, shapes in listing(tree).items():
        modules = parts.setdefault(part, {})
        for full_name, shape in shapes.items():
            if full_name.startswith(prefix):
                module, _, name = full_name.rpartition("/")
                modules.setdefault(module, {})[name] = fill(full_name, tuple(shape))
    return parts


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array that the goldens were computed with, from its full name."""
    module, _, kind = name.rpartition("/")
    if kind == "counter":
        return np.array(UPDATES, np.int32)
    seed = zlib.crc32(f"{module}/average".encode() if kind == "hidden" else name.encode())
    draws = np.random.default_rng(seed).standard_normal(int(np.prod(shape))).reshape(shape)
    if kind == "w":
        draws = draws * np.sqrt(1 / np.prod(shape[:-1]))
    elif kind == "scale":
        draws = 1 + 0.1 * draws
    elif kind in ("average", "hidden") and module.endswith("var_ema"):
        draws = np.exp(0.3 * draws)
    else:
        draws = 0.1 * draws
    if kind == "hidden":
        draws = draws * (1 - 0.9**UPDATES)
    return draws.astype(np.float32)


def released_average(moving: np.ndarray, before: np.ndarray, name: str) -> np.ndarray:
    """What the released moving average is after one more update, from Keras' moving average before and after it.

    Keras and the released code keep other sums of the same batch statistics; the latter starts at zero and divides by
    what is missing from one.
    """
    batch = (moving - 0.9 * before) / 0.1
    hidden = 0.9 * fill(f"{name}/hidden", before.shape) + 0.1 * batch
    return hidden / (1 - 0.9 ** (UPDATES + 1))
