"""What the machine has."""

import os


def cores() -> int:
    """CPU cores that this process may use."""
    # Containers and schedulers give a process fewer than there are; not every system can tell.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
