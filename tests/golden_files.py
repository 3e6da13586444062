"""Outputs of DeepMind's released modules, copied from a run of them."""

from pathlib import Path

import numpy as np


def load(name: str) -> dict[str, np.ndarray]:
    """All arrays of `tests/golden/<name>.npz`."""
    with np.load(Path(__file__).parent / "golden" / f"{name}.npz") as file:
        return dict(file)
