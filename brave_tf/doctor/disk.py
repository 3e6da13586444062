"""The folders that commands write to: the cache, temporary files, and the current folder."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from brave_tf.doctor.check import Check, Status, note, problem
from brave_tf.errors import reason_of
from brave_tf.machine import cache_folder

GROUP = "disk"
LITTLE_BYTES, PROBE_BYTES = 2 * 10**9, 2**20
"""Less than the first is worth a word; the second is written as a trial."""
NAMES = ("temporary files", "cache", "current folder")


def look_at_disk() -> Iterator[Check]:
    """Free space where commands write, and whether they can."""
    yield _temporary()
    yield _cache()
    yield _current()


def _temporary() -> Check:
    try:
        folder = Path(tempfile.gettempdir())
        _try_to_write(folder)
    except OSError as error:
        found = f"cannot be written ({reason_of(error)})"
        return problem(GROUP, "temporary files", found, "free some space, or set TMPDIR to a folder that has some")
    wanted = os.environ.get("TMPDIR")
    if wanted and Path(wanted) != folder:
        found = f"TMPDIR cannot be written: {folder} is taken instead"
        return note(
            GROUP, "temporary files", found, "set TMPDIR to a folder that can be written and has space, or unset it"
        )
    return _free("temporary files", folder, str(folder), "set TMPDIR to a folder with more space")


def _cache() -> Check:
    fix = "set XDG_CACHE_HOME to a folder that can be written"
    try:
        folder = cache_folder()
    except RuntimeError:  # how pathlib says that there is no home folder
        return note(GROUP, "cache", "no home folder, and so no place to keep anything", fix)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _try_to_write(folder)
        return _free("cache", folder, f"{folder} can be written", fix)
    except OSError as error:
        found = (
            f"{folder} cannot be written ({reason_of(error)}): published checkpoints cannot be kept, and shards are "
        )
        return note(GROUP, "cache", f"{found}read again by each command", fix)
    finally:
        for each in made:
            with contextlib.suppress(OSError):
                each.rmdir()


def _current() -> Check:
    fix = "go to a folder that you may write to, or give full paths to --out and --run"
    try:
        folder = Path.cwd()
    except OSError as error:
        return problem(GROUP, "current folder", f"is gone ({reason_of(error)})", "go to a folder that exists")
    if not os.access(folder, os.W_OK):
        return note(GROUP, "current folder", "cannot be written", fix)
    return _free("current folder", folder, "can be written", fix)


def _free(name: str, folder: Path, found: str, fix: str) -> Check:
    free = shutil.disk_usage(folder).free
    status: Status = "ok" if free >= LITTLE_BYTES else "note" if free >= PROBE_BYTES or name == "cache" else "problem"
    return Check(GROUP, name, status, f"{found}, {free / 1e9:,.1f} GB free", "" if status == "ok" else fix)


def _try_to_write(folder: Path) -> None:
    """Raises OSError if a file cannot be written; it is gone afterwards."""
    with tempfile.TemporaryFile(dir=folder, prefix="brave_tf-") as file:
        file.write(bytes(PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())
