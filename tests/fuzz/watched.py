"""A command as a process of its own, whose memory is watched until it ends."""

import dataclasses
import subprocess
import time
from pathlib import Path

from tests.preparation.command import descendants

LOOK_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        status: its exit status; None if it had to be ended.
        said: on standard error.
        seconds: that it took.
        peak_bytes: the most that it and its processes held together, what they share counted once; 0 where the system
            does not tell.
    """

    status: int | None
    said: str
    seconds: float
    peak_bytes: int


def run_watched(command: list[str], log: Path, most_seconds: float) -> Ended:
    """Runs a command; one that takes longer is ended."""
    began, peak = time.monotonic(), 0
    with open(log, "wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            while process.poll() is None and time.monotonic() - began < most_seconds:
                peak = max(peak, sum(map(_held_bytes, [process.pid, *descendants(process.pid)])))
                time.sleep(LOOK_SECONDS)
            status = process.poll()
        finally:
            process.kill()
            process.wait()
    return Ended(status, log.read_text(errors="replace"), time.monotonic() - began, peak)


def _held_bytes(number: int | str) -> int:
    """Memory of a process, with its part of what it shares with others."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile, or there is no such file
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(("Pss:", "SwapPss:"))) * 1024
