"""Temporal shift: neighbouring frames exchange a share of their channels."""

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
    from_next = ops.pad(clips[:, 1:, :, :, -moved:], [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]])
    from_previous = ops.pad(clips[:, :-1, :, :, :moved], [[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
    return ops.concatenate([from_next, clips[:, :, :, :, moved:-moved], from_previous], axis=-1)
