"""The things of the demo's world, and surfaces strewn with one kind of them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Lengths are in frame sides, so that a larger picture shows the same world.
_CELL_SIDES = 0.32
_RADIUS_SHARE = (0.38, 0.46)
_FILLED_CELLS = 0.95


def _polygon(x: Floats, y: Floats, corners: int) -> Floats:
    """Distance to a regular polygon whose corners are at distance 1; negative inside."""
    sector = np.pi / corners
    angle = (np.arctan2(y, x) + sector) % (2 * sector) - sector
    return np.asarray(np.hypot(x, y) * np.cos(angle) - np.cos(sector), np.float32)


def _disc(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.hypot(x, y) - 0.85, np.float32)


def _ring(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.abs(np.hypot(x, y) - 0.75) - 0.2, np.float32)


def _square(x: Floats, y: Floats) -> Floats:
    return _polygon(x, y, 4)


def _cross(x: Floats, y: Floats) -> Floats:
    across, along = np.minimum(np.abs(x), np.abs(y)), np.maximum(np.abs(x), np.abs(y))
    return np.maximum(across - 0.22, along - 1.0)


def _triangle(x: Floats, y: Floats) -> Floats:
    return _polygon(x, y, 3)


def _star(x: Floats, y: Floats) -> Floats:
    spikes = np.abs((np.arctan2(y, x) * 5 / np.pi) % 2 - 1)
    return np.asarray((np.hypot(x, y) - (0.4 + 0.6 * spikes)) * 0.6, np.float32)


_SHAPES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "cross": _cross,
    "triangle": _triangle,
    "star": _star,
}

THINGS = tuple(_SHAPES)
"""The kinds of things."""


def draw_surface(thing: str, size: int, side: int, rng: np.random.Generator) -> Floats:
    """A surface strewn with one kind of thing, each at its own place, size, angle and shade.

    Args:
        thing: one of `THINGS`.
        size: height and width of the surface in pixels; its edges fit each other.
        side: height and width of a frame in pixels, the unit of the things' sizes.
        rng: the source of everything that is drawn.

    Returns:
        [size, size] float32 in [0, 255].
    """
    cells = max(1, round(size / (side * _CELL_SIDES)))
    cell = size / cells
    # Things lighter and darker than the ground, mixed: else two views of one shot could be told by their shades alone.
    ground = rng.uniform(0.47, 0.53)
    surface = np.full((size, size), ground, np.float32)
    reach = int(np.ceil(_RADIUS_SHARE[1] * cell)) + 1
    around = np.arange(-reach, reach + 1)
    for row, column in np.ndindex(cells, cells):
        radius = cell * rng.uniform(*_RADIUS_SHARE)
        slack = 0.5 - radius / cell
        center = (np.array([row, column]) + 0.5 + rng.uniform(-slack, slack, size=2)) * cell
        angle, level = rng.uniform(0, 2 * np.pi), ground + rng.choice([-1, 1]) * rng.uniform(0.25, 0.4)
        if rng.uniform() > _FILLED_CELLS:
            continue
        nearest = np.round(center).astype(int)
        y, x = ((nearest + around[:, None] - center) / radius).T.astype(np.float32)
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = radius * _SHAPES[thing](cos * x - sin * y[:, None], sin * x + cos * y[:, None])
        # One pixel wide, so that an edge does not flicker as it moves.
        cover = np.clip(0.5 - distance, 0.0, 1.0)
        rows, columns = ((axis + around) % size for axis in nearest)
        patch = np.ix_(rows, columns)
        surface[patch] += cover * (level - surface[patch])
    return np.float32(255) * surface
