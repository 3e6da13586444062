"""Moments of a film as people write them."""

import re

_CODE = re.compile(r"(?:(?:(\d+):)?(\d{1,4}):)?(\d{1,9}(?:\.\d*)?|\.\d+)", re.ASCII)


def time_code(seconds: float) -> str:
    """`75.25` as `1:15.25`, `3725` as `1:02:05.00`, rounded down to hundredths; `seconds_of` reads it."""
    hundredths = round(max(seconds, 0.0) * 1000) // 10
    minutes, hundredths = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{clock}:{hundredths // 100:02d}.{hundredths % 100:02d}"


def seconds_of(text: str) -> float | None:
    """What `12.5`, `1:15.2` and `1:02:05` mean in seconds; None for anything else."""
    found = _CODE.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds
