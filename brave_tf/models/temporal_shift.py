"""Temporal shift: neighbouring frames exchange a share of their channels."""

import math
from typing import Any

from keras import ops

SHIFT_FRACTION = 0.125
"""Share of the channels that moves each way, so a quarter of them moves (released code)."""


def temporal_shift(clips: Any, fraction: float = SHIFT_FRACTION) -> Any:
    """Moves `fraction` of the channels one frame back and as many one frame forward.

    The order of the channels changes as in the released code: first the last n channels, taken from the next frame;
    then the middle ones, unchanged; then the first n channels, taken from the previous frame. Missing neighbours at
    both ends of the clip are zero.

    Args:
        clips: [B, T, H, W, C], a tensor or a `KerasTensor`.
        fraction: share of C that moves each way; n = int(fraction * C).

    Returns:
        [B, T, H, W, C].

    Reference:
        Lin, Gan and Han, "TSM: Temporal Shift Module for Efficient Video Understanding", ICCV 2019.
    """
    moved = int(fraction * clips.shape[-1])
    if moved == 0:
        return clips
    # One operation divides the channels, in equal parts, and its gradient joins them again. Slices would each fill a
    # whole tensor on the way back.
    size = math.gcd(clips.shape[-1], moved)
    parts = ops.split(clips, clips.shape[-1] // size, axis=-1)
    count = moved // size
    to_previous, to_next = (_joined(each) for each in (parts[-count:], parts[:count]))
    from_next = ops.pad(to_previous[:, 1:], [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]])
    from_previous = ops.pad(to_next[:, :-1], [[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
    return _joined([from_next, *parts[count:-count], from_previous])


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
