"""What the machine has."""

import os
from pathlib import Path


def cores() -> int:
    """CPU cores that this process may use."""
    # Containers and schedulers give a process fewer than there are; not every system can tell.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_folder() -> Path:
    """The user's folder for what can be made or fetched again; it need not be there.

    Raises:
        RuntimeError: there is no home folder.
    """
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "brave_tf"
