"""Frame and sample numbers as stretches of a clip's time line."""

import numpy as np
import numpy.typing as npt


def pieces(numbers: npt.NDArray[np.int64], step: int, total: int, unit_seconds: float) -> list[tuple[float, float]]:
    """The stretches that numbers cover, in order; a number that does not grow begins a new one.

    Args:
        numbers: [T], each in [0, total), at least one.
        step: how far apart two of them are.
        total: numbers in all, where the clip ends.
        unit_seconds: seconds from one number to the next.

    Returns:
        (from, to) in seconds; the last number lasts `step`, as far as the clip reaches.
    """
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) <= 0) + 1)
    return [(float(run[0] * unit_seconds), float(min(run[-1] + step, total) * unit_seconds)) for run in runs]
