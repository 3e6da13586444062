"""What the system lets this process use where that is less than the machine has: in containers, jobs and services."""

import math
from collections.abc import Iterator
from pathlib import Path

ROOT, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux tells the limits, and which of them are this process's. Other systems have neither."""


def memory_limit(root: Path = ROOT, membership: Path = MEMBERSHIP) -> tuple[float, float]:
    """Bytes that this process and those that share its limit may have, and those that they have; infinite without one.

    What is kept of files can be given back, and does not count as had.
    """
    limits = [(math.inf, 0.0)]
    for folder in _folders("memory", root, membership):
        limit = _number(folder / "memory.max", folder / "memory.limit_in_bytes")
        used = _number(folder / "memory.current", folder / "memory.usage_in_bytes")
        if limit is not None and used is not None:
            limits.append((limit, max(used - _kept_of_files(folder / "memory.stat"), 0.0)))
    # The limit that leaves the least is the one that is met first.
    return min(limits, key=lambda pair: pair[0] - pair[1])


def core_limit(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float:
    """Cores whose time this process and those that share its limit may take; infinite without one."""
    limits = [math.inf]
    for folder in _folders("cpu", root, membership):
        quota, period = (_words(folder / "cpu.max") or ["max", "100000"])[:2]
        if quota == "max":
            quota, period = ((_words(folder / f"cpu.cfs_{kind}_us") or ["-1"])[0] for kind in ("quota", "period"))
        if float(quota) > 0 and float(period) > 0:
            limits.append(float(quota) / float(period))
    return min(limits)


def _folders(controller: str, root: Path, membership: Path) -> Iterator[Path]:
    """Where limits on this process stand: its own group, and those around it."""
    for line in _lines(membership):
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        group = top / path.lstrip("/")
        # In a container the path may be as it is outside, and the limits stand at the top.
        yield from (folder for folder in (group, *group.parents) if folder == top or top in folder.parents)


def _number(*files: Path) -> float | None:
    """What the first of these files that is there says."""
    for file in files:
        words = _words(file)
        if words:
            return math.inf if words[0] == "max" else float(words[0])
    return None


def _kept_of_files(statistics: Path) -> float:
    counts = dict(line.split(maxsplit=1) for line in _lines(statistics))
    return float(counts.get("total_inactive_file", counts.get("inactive_file", 0)))


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
