"""Processor and memory, as far as this process may use them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from brave_tf import machine
from brave_tf.doctor import cgroup
from brave_tf.doctor.check import Check, note, ok, problem

GROUP = "hardware"
LITTLE_MEMORY, NO_MEMORY = 4 * 2**30, 2**29
"""With less, larger batches do not fit; with less again, TensorFlow itself may not."""
_MEMORY = Path("/proc/meminfo")


def look_at_hardware() -> Iterator[Check]:
    """CPU cores and memory."""
    yield _cores()
    yield _memory()


def _cores() -> Check:
    usable, there = machine.cores(), os.cpu_count() or 1
    limit = cgroup.core_limit()
    found = f"{usable} of {there} cores" if usable != there else f"{usable} cores"
    if limit < usable:
        number = max(round(limit), 1)
        return note(
            GROUP,
            "CPU",
            f"{found}, of which the container or job may take the time of {limit:g}",
            f"give --workers {number} to commands that take it, and set OMP_NUM_THREADS={number} for training",
        )
    return ok(GROUP, "CPU", f"{found} for this process")


def _memory() -> Check:
    there, available = _machine_memory()
    limit, used = cgroup.memory_limit()
    found = f"{_size(available)} available of {_size(there)}"
    if limit < there:
        available = min(available, limit - used)
        found = f"{_size(available)} available: the container or job may have {_size(limit)} of {_size(there)}"
    fix = "end other programs, or ask for more memory; smaller batches (--batch-size) and fewer --workers need less"
    if available < NO_MEMORY:
        return problem(GROUP, "memory", found, fix)
    return note(GROUP, "memory", found, fix) if available < LITTLE_MEMORY else ok(GROUP, "memory", found)


def _machine_memory() -> tuple[float, float]:
    """Bytes of memory that there are, and those that programs can still get."""
    with contextlib.suppress(OSError, KeyError):
        lines = (line.split() for line in _MEMORY.read_text(encoding="utf-8").splitlines())
        kilobytes = {words[0].rstrip(":"): float(words[1]) for words in lines}
        return kilobytes["MemTotal"] * 1024, kilobytes["MemAvailable"] * 1024
    page = os.sysconf("SC_PAGE_SIZE")
    there = float(page * os.sysconf("SC_PHYS_PAGES"))
    # Not every system tells what is free.
    free = page * os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else there
    return there, float(free)


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB"
