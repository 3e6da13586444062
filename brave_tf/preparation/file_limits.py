"""How much one media file may cost: time, memory and output. More than that costs the file, not the run."""

import dataclasses
import os
import time
from pathlib import Path

from brave_tf.data.record_keys import MICROSECONDS
from brave_tf.preparation.limits import LONGEST_GAP_SECONDS, MediaError

MOST_MEMORY_BYTES = 8 * 2**30
"""What a worker process may hold: four times what an hour of video takes as one clip."""
MOST_MEMORY_SHARE = 0.5
"""And no more than this share of the machine's memory."""

SPARE_SECONDS = LONGEST_GAP_SECONDS
"""So much may come out of any file: a picture that stays for as long as one may."""
MOST_LENGTHS = 3.0
"""Beyond that, a file may give its declared length this many times,"""
PLENTY_BYTES_PER_SECOND = 1000
"""or whatever it likes, as long as it holds this much for each second: then it is the header that is wrong."""
LEAST_BYTES_PER_SECOND = 8
"""Fewer than these are not media, whatever a header says; silence in Opus takes ten."""


def most_memory_bytes() -> int:
    """What a worker process may hold on this machine."""
    return min(MOST_MEMORY_BYTES, round(MOST_MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))


@dataclasses.dataclass(frozen=True)
class FileLimits:
    """What the work on one file may take.

    Attributes:
        seconds: of wall clock.
        memory_bytes: that the process may hold.
    """

    seconds: float
    memory_bytes: int = dataclasses.field(default_factory=most_memory_bytes)

    @property
    def time_reason(self) -> str:
        """Why a file is left out that took too long."""
        return f"took longer than {self.seconds:g} s"

    @property
    def memory_reason(self) -> str:
        """Why a file is left out that took too much memory."""
        return f"needs more than {self.memory_bytes / 2**30:.3g} GiB of memory"


class Deadline:
    """The time of one file where nobody else watches it; it begins now."""

    def __init__(self, limits: FileLimits):
        self._limits = limits
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the file took too long."""
        return time.monotonic() - self._began > self._limits.seconds


def held_bytes(process: int) -> int:
    """Memory that a process holds, also that in swap space; 0 where the system does not tell, as macOS."""
    try:
        status = Path(f"/proc/{process}/status").read_bytes()
    except OSError:
        return 0
    # Lines such as b"VmRSS:\t   40960 kB".
    fields = (line.split() for line in status.splitlines() if line.startswith((b"VmRSS:", b"VmSwap:")))
    return sum(int(field[1]) for field in fields) * 1024


class OutputLimit:
    """How many seconds of clips may come out of a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path):
        self._path = path
        self._given = 0.0
        self._allowed = SPARE_SECONDS

    def add(self, seconds: float) -> None:
        """Counts a clip.

        Raises:
            MediaError: with it, more has come out of the file than can be in it.
        """
        self._given += seconds
        if self._given > self._allowed == SPARE_SECONDS:
            self._allowed = max(self._allowed, self._in_file())
        if self._given > self._allowed:
            raise MediaError(f"gives more than {self._allowed:.0f} s of clips, which it cannot hold")

    def _in_file(self) -> float:
        # FFmpeg is loaded for those who read files alone.
        from brave_tf.preparation.media_file import open_media

        try:
            size = self._path.stat().st_size
            with open_media(self._path) as container:
                declared = (container.duration or 0) / MICROSECONDS
        except (OSError, ValueError) as error:  # it was readable a moment before
            raise MediaError(f"cannot be read ({error})") from error
        return min(max(MOST_LENGTHS * declared, size / PLENTY_BYTES_PER_SECOND), size / LEAST_BYTES_PER_SECOND)
