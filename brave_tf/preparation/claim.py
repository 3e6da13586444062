"""The working folder of a dataset: whose it is, and that what is begun there is the same preparation."""

import contextlib
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.errors import UserError
from brave_tf.files import locked, write_first
from brave_tf.preparation.parts import Part
from brave_tf.preparation.plan import ClipSettings, Plan
from brave_tf.progress import warn
from brave_tf.storage import is_remote

PLAN_FILE = "plan.json"
LOCK_FILE = "lock"

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system says that knows no locks, as some that several machines share."""


@contextlib.contextmanager
def claim(out: Path, plan: Plan, settings: ClipSettings, part: Part | None = None) -> Iterator[None]:
    """Makes `out`, or a part of it, this preparation's alone, and checks that what is begun there is the same one.

    Parts hold the dataset's lock together, and each one a lock of its own.

    Raises:
        UserError: another process has it, something else is there, or it cannot be written.
    """
    work = out / WORK_FOLDER
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not work.is_dir())):
        raise UserError(f"{out} exists and is not a dataset; choose another --out")
    with contextlib.ExitStack() as stack:
        try:
            work.mkdir(parents=True, exist_ok=True)
            is_locked = _lock(stack, work, part)
        except BlockingIOError as error:
            raise UserError(f"another process is writing {error}; wait for it, or choose another --out") from None
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); choose another --out") from None
        begun = {"settings": settings.as_dict(), "listing": plan.listing, "classes": plan.official}
        text = json.dumps(begun, ensure_ascii=False)
        try:
            # Of several parts that begin at the same time one writes it, and the others compare.
            if (work / PLAN_FILE).is_file() or not write_first(work / PLAN_FILE, text):
                before = (work / PLAN_FILE).read_text(encoding="utf-8")
                if before != text:
                    _compare(out, json.loads(before), begun)
            if is_locked:
                _remove_leftovers(work, part)
        except OSError as error:
            raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None
        yield


def _lock(stack: contextlib.ExitStack, work: Path, part: Part | None) -> bool:
    """Locks what there is to lock, and returns whether that is possible.

    Raises:
        BlockingIOError: another process holds it; the message says what.
    """
    if is_remote(work):  # There are no locks there, and the files that are not finished are here.
        if part is not None:
            (work / part.lock).write_text("")
        return False
    locks = [(LOCK_FILE, part is not None, str(work.parent))]
    if part is not None:
        locks.append((part.lock, False, f"part {part} of {work.parent}"))
    for name, shared, words in locks:
        try:
            stack.enter_context(locked(work / name, shared=shared))
        except BlockingIOError:
            raise BlockingIOError(words) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            warn(f"{work.parent} is on a file system without locks: see to it that nobody else writes {words}")
            return False
    return True


def _remove_leftovers(work: Path, part: Part | None) -> None:
    """Removes what a killed process left; the files of other parts may be in use."""
    owner = "*" if part is None else f"*.{part.name}.*"
    for leftover in [*work.glob(f"{owner}.part"), *work.glob(f"{owner}.piece")]:
        leftover.unlink(missing_ok=True)


def _compare(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    different = [
        f"{name}: {before['settings'].get(name)} -> {now['settings'].get(name)}"
        for name in before["settings"] | now["settings"]
        if before["settings"].get(name) != now["settings"].get(name)
    ]
    # What an older version began knows no official classes.
    old_classes, new_classes = before.get("classes", {}), now["classes"]
    different += [
        f"the classes of {column} changed"
        for column in old_classes | new_classes
        if old_classes.get(column) != new_classes.get(column)
    ]
    old, new = before["listing"], now["listing"]
    different += [
        f"{name.split(':', 1)[1]} changed" for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)
    ]
    if different:
        changes = "; ".join(different[:5]) + (f"; and {len(different) - 5} more" if len(different) > 5 else "")
        raise UserError(f"{out} was begun with other files or settings ({changes}); choose another --out, or remove it")
