"""Small checkpoints in the released layout."""

from pathlib import Path
from typing import Any

import numpy as np

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.convert import to_haiku
from brave_tf.method.brave import Brave
from brave_tf.training.build import build

TINY = [
    f"model.{tower}.{size}" for tower in ("narrow", "rgb", "flow", "audio") for size in ("depth=14", "width=0.0625")
]
TINY += ["model.hidden_size=16", "model.projection_size=8"]


def brave(name: str = "tiny-va", *assignments: str) -> Brave:
    """A tiny model whose moving averages are not those that it starts with."""
    model = build(override(presets.get(name), [*TINY, *assignments]))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, tuple(weight.shape)))
    return model


def checkpoint(path: Path, tree: dict[str, Any], config: dict[str, Any] | None = None) -> Path:
    """Writes a tree as the released code does."""
    np.save(path, np.array({**tree, "config": config or {}}, dtype=object), allow_pickle=True)
    return path


def narrow_tree() -> dict[str, Any]:
    """The narrow tower of a tiny model."""
    return to_haiku(brave().encoder)
