"""Optical flow as colour: the hue is the direction, the strength of the colour the speed."""

import numpy as np
import numpy.typing as npt

from brave_tf.pages.html import Html, image_url

WHEEL_PIXELS = 96
DIRECTIONS = "right red, down yellow-green, left cyan, up violet"
"""The colours of the four directions, in words."""


def flow_color(flow: npt.NDArray[np.floating], full: float) -> npt.NDArray[np.uint8]:
    """Displacements as colours: white stands still, the strongest colours move by `full` or more.

    Args:
        flow: [..., 2], horizontal (to the right) and vertical (downwards).
        full: the displacement of the strongest colour, in the unit of `flow`, above 0.

    Returns:
        [..., 3] uint8.
    """
    horizontal, vertical = flow[..., 0], flow[..., 1]
    speed = np.minimum(np.hypot(horizontal, vertical) / full, 1.0)
    sixths = np.arctan2(vertical, horizontal) * (3.0 / np.pi) % 6.0
    # A channel is full around its own hue, fades over one sixth, and is absent on the other half of the circle.
    distances = np.abs((sixths[..., None] - np.array([0.0, 2.0, 4.0]) + 3.0) % 6.0 - 3.0)
    pure = 1.0 - np.clip(distances - 1.0, 0.0, 1.0)
    colors = 1.0 - speed[..., None] * (1.0 - pure)
    return np.round(255.0 * colors).astype(np.uint8)


def wheel() -> Html:
    """The legend: what moves from the middle towards an edge has the colour of that edge."""
    places = np.linspace(-1.0, 1.0, WHEEL_PIXELS)
    horizontal, vertical = np.meshgrid(places, places)
    pixels = flow_color(np.stack([horizontal, vertical], axis=-1), 1.0)
    pixels[np.hypot(horizontal, vertical) > 1.0] = 255
    return Html(
        f'<svg viewBox="0 0 230 130" class="wheel" role="img" aria-label="colours of directions: {DIRECTIONS}; white '
        'stands still" font-family="inherit" font-size="13" text-anchor="middle">'
        f'<image href="{image_url(pixels)}" x="70" y="17" width="90" height="90"/>'
        '<g fill="none" stroke="#1c2430" stroke-width="1.2"><path d="M115 62H144m-5-4 5 4-5 4M115 62V91m-4-5 4 5 4-5'
        'M115 62H86m5-4-5 4 5 4M115 62V33m-4 5 4-5 4 5"/></g>'
        '<g fill="#1c2430"><text x="115" y="12">up</text><text x="115" y="124">down</text>'
        '<text x="50" y="66">left</text><text x="182" y="66">right</text></g></svg>'
    )
