"""The things of the demo's world, and surfaces strewn with one kind of them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Lengths are in frame sides, so that a larger picture shows the same world.
_CELL_SIDES = 0.8
_RADIUS_SHARE = (0.36, 0.40)
_LARGEST_EXTENT = 1.25
_OFFSET_SHARE = 0.08
_MEAN_SHADE = 0.5
_SHADE_DEVIATION = 0.17

# Of a cell's things, the radius is that of the circle round the square. All others cover as much as the square does, so
# that neither brightness nor contrast tells them apart: only their shape.


def _polygon(x: Floats, y: Floats, corners: int, radius: float) -> Floats:
    """Distance to a regular polygon whose corners are at distance `radius`; negative inside."""
    sector = np.pi / corners
    angle = (np.arctan2(y, x) + sector) % (2 * sector) - sector
    return np.asarray(np.hypot(x, y) * np.cos(angle) - radius * np.cos(sector), np.float32)


def _disc(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.hypot(x, y) - 0.8, np.float32)


def _ring(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.abs(np.hypot(x, y) - 0.77) - 0.207, np.float32)


def _square(x: Floats, y: Floats) -> Floats:
    return _polygon(x, y, 4, 1.0)


def _cross(x: Floats, y: Floats) -> Floats:
    across, along = np.minimum(np.abs(x), np.abs(y)), np.maximum(np.abs(x), np.abs(y))
    return np.maximum(across - 0.25, along - 1.125)


def _triangle(x: Floats, y: Floats) -> Floats:
    return _polygon(x, y, 3, 1.24)


def _star(x: Floats, y: Floats) -> Floats:
    spikes = np.abs((np.arctan2(y, x) * 5 / np.pi) % 2 - 1)
    return np.asarray((np.hypot(x, y) - (0.44 + 0.66 * spikes)) * 0.6, np.float32)


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
    """A surface strewn with one kind of thing, each at its own place, size and angle.

    They are lighter and darker than the ground in turn, and every surface has the same mean and deviation: else two
    views of one shot, or all clips of a thing, could be told by their shades alone.

    Args:
        thing: one of `THINGS`.
        size: height and width of the surface in pixels; its edges fit each other.
        side: height and width of a frame in pixels, the unit of the things' sizes.
        rng: the source of everything that is drawn.

    Returns:
        [size, size] float32 in [0, 255].
    """
    # An even number: light and dark take turns across the edges, too.
    cells = 2 * max(1, round(size / (side * _CELL_SIDES) / 2))
    cell = size / cells
    surface = np.zeros((size, size), np.float32)
    reach = int(np.ceil(_LARGEST_EXTENT * _RADIUS_SHARE[1] * cell)) + 1
    around = np.arange(-reach, reach + 1)
    for row, column in np.ndindex(cells, cells):
        radius = cell * rng.uniform(*_RADIUS_SHARE)
        center = (np.array([row, column]) + 0.5 + rng.uniform(-_OFFSET_SHARE, _OFFSET_SHARE, size=2)) * cell
        angle, level = rng.uniform(0, 2 * np.pi), 1 if (row + column) % 2 else -1
        nearest = np.round(center).astype(int)
        y, x = ((nearest + around[:, None] - center) / radius).T.astype(np.float32)
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = radius * _SHAPES[thing](cos * x - sin * y[:, None], sin * x + cos * y[:, None])
        # One pixel wide, so that an edge does not flicker as it moves.
        cover = np.clip(0.5 - distance, 0.0, 1.0)
        rows, columns = ((axis + around) % size for axis in nearest)
        patch = np.ix_(rows, columns)
        surface[patch] += cover * (level - surface[patch])
    shades = _MEAN_SHADE + _SHADE_DEVIATION * (surface - surface.mean()) / surface.std()
    return np.float32(255) * np.clip(shades, 0, 1)
