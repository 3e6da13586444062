"""Numbers that networks take, as pictures and sound for people."""

import numpy as np
import numpy.typing as npt

from brave_tf.data.flow_code import LIMIT_PIXELS
from brave_tf.pages.flow_color import flow_color

SHOWN_FRAMES = 8
PERCENTILES = (1.0, 99.0)
"""Of values beyond 0 to 1: shown as black and as white."""
FLOW_PERCENTILE = 98.0
LEAST_FULL_PIXELS = 1.0
"""Slower than this, flow is noise: it does not get the strongest colour."""
_ROUNDING = 1e-3

Pictures = npt.NDArray[np.uint8]


def even_places(frames: int) -> npt.NDArray[np.int64]:
    """Places of the frames that are shown: at most `SHOWN_FRAMES`, from the first to the last."""
    return np.round(np.linspace(0, frames - 1, min(frames, SHOWN_FRAMES))).astype(np.int64)


def as_pictures(values: npt.NDArray[np.floating]) -> tuple[Pictures, tuple[float, float] | None]:
    """Colours, or a single grey channel, as the networks take them, for the eye.

    Args:
        values: [..., 3] or [..., 1], in [0, 1] but for what random convolution does.

    Returns:
        [..., 3] uint8, and, only if values leave [0, 1], the (lowest, highest) value that is told apart.
    """
    values = np.broadcast_to(values, (*values.shape[:-1], 3))
    if np.min(values) >= -_ROUNDING and np.max(values) <= 1.0 + _ROUNDING:
        return _round(values), None
    low, high = (float(value) for value in np.percentile(values, PERCENTILES))
    return _round((values - low) / max(high - low, _ROUNDING)), (low, high)


def full_speed(flow: npt.NDArray[np.floating]) -> float:
    """The speed that gets the strongest colour, as a share of the limit: few of these pixels are faster.

    Args:
        flow: [..., 2] in [-1, 1].
    """
    fast = float(np.percentile(np.hypot(flow[..., 0], flow[..., 1]), FLOW_PERCENTILE))
    return max(fast, LEAST_FULL_PIXELS / LIMIT_PIXELS)


def as_colors(flow: npt.NDArray[np.floating], full: float) -> Pictures:
    """Optical flow in [-1, 1] as colours, the strongest at speed `full`."""
    return flow_color(flow, full)


def to_hear(
    waveform: npt.NDArray[np.floating], rate_hz: int, most_bytes: int
) -> tuple[npt.NDArray[np.floating], int] | None:
    """A waveform that fits as 16-bit samples into `most_bytes`: the mean of every n samples, and its rate.

    Returns:
        None if it would need a rate below 4 kHz.
    """
    factor = max(-(-2 * waveform.size // max(most_bytes, 1)), 1)
    if rate_hz // factor < 4_000:
        return None
    whole = waveform[: waveform.size // factor * factor]
    return whole.reshape(-1, factor).mean(axis=1), rate_hz // factor


def _round(values: npt.NDArray[np.floating]) -> Pictures:
    return np.round(255.0 * np.clip(values, 0.0, 1.0)).astype(np.uint8)
