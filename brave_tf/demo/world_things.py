"""The things of the demo's world, and surfaces strewn with one kind of them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Lengths are in frame sides, so that a larger picture shows the same world.
_CELL_SIDES = 0.6
_RADIUS_SHARE = (0.36, 0.40)
_MEAN_SHADE = 0.5
_SHADE_DEVIATION = 0.17

# Distances to the edge of each thing, negative inside, in units that give all of them an area of 2: neither brightness
# nor contrast tells them apart, only their shape.


def _disc(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.hypot(x, y) - 0.8, np.float32)


def _ring(x: Floats, y: Floats) -> Floats:
    return np.asarray(np.abs(np.hypot(x, y) - 0.77) - 0.207, np.float32)


def _square(x: Floats, y: Floats) -> Floats:
    return np.maximum(np.abs(x), np.abs(y)) - np.float32(0.707)


def _cross(x: Floats, y: Floats) -> Floats:
    across, along = np.minimum(np.abs(x), np.abs(y)), np.maximum(np.abs(x), np.abs(y))
    return np.maximum(across - 0.25, along - 1.125)


def _triangle(x: Floats, y: Floats) -> Floats:
    sector = np.pi / 3
    angle = (np.arctan2(y, x) + sector) % (2 * sector) - sector
    return np.asarray(np.hypot(x, y) * np.cos(angle) - 0.62, np.float32)


def _star(x: Floats, y: Floats) -> Floats:
    spikes = np.abs((np.arctan2(y, x) * 5 / np.pi) % 2 - 1)
    return np.asarray((np.hypot(x, y) - (0.44 + 0.66 * spikes)) * 0.6, np.float32)


_SHAPES: dict[str, tuple[Callable[[Floats, Floats], Floats], float]] = {
    "disc": (_disc, 0.8),
    "ring": (_ring, 0.98),
    "square": (_square, 1.0),
    "cross": (_cross, 1.15),
    "triangle": (_triangle, 1.24),
    "star": (_star, 1.1),
}
"""The distance to the edge of each, and how far it reaches from its centre."""

THINGS = tuple(_SHAPES)
"""The kinds of things."""


def draw_surface(thing: str, size: int, side: int, rng: np.random.Generator) -> Floats:
    """A surface strewn with one kind of thing, each of its own size and angle, anywhere in a cell of its own.

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
    distance_to, extent = _SHAPES[thing]
    reach = int(np.ceil(extent * _RADIUS_SHARE[1] * cell)) + 1
    around = np.arange(-reach, reach + 1)
    for row, column in np.ndindex(cells, cells):
        radius = cell * rng.uniform(*_RADIUS_SHARE)
        slack = max(0.5 - extent * radius / cell, 0.0)
        center = (np.array([row, column]) + 0.5 + rng.uniform(-slack, slack, size=2)) * cell
        angle, level = rng.uniform(0, 2 * np.pi), 1 if (row + column) % 2 else -1
        nearest = np.round(center).astype(int)
        y, x = ((nearest + around[:, None] - center) / radius).T.astype(np.float32)
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        distance = radius * distance_to(cos * x - sin * y[:, None], sin * x + cos * y[:, None])
        # One pixel wide, so that an edge does not flicker as it moves.
        cover = np.clip(0.5 - distance, 0.0, 1.0)
        rows, columns = ((axis + around) % size for axis in nearest)
        patch = np.ix_(rows, columns)
        surface[patch] += cover * (level - surface[patch])
    shades = _MEAN_SHADE + _SHADE_DEVIATION * (surface - surface.mean()) / surface.std()
    return np.float32(255) * np.clip(shades, 0, 1)
