"""What a table will hold, and the folder beside it that keeps what is done until all of it is."""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from brave_tf import machine
from brave_tf.config.values import to_dict
from brave_tf.embedding.journal import Journal
from brave_tf.embedding.table import TableFacts, open_table
from brave_tf.errors import UserError, one_line, reason_of
from brave_tf.files import locked, write_atomically
from brave_tf.storage import is_remote, remove_tree

PLAN_FILE, JOURNAL_FILE, LOCK_FILE = "plan.json", "rows", "lock"
SETTINGS = ("weights_sha256", "tower", "window", "stride", "pool", "dense", "data", "folder", "card", "version")
"""Facts of a table that its rows follow from, besides the files."""
NAMED = 3
"""Differences that are named one by one."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that the rows of a table follow from.

    Attributes:
        facts: what is known of the table before there are rows.
        files: for each file its name, its bytes (None if nobody knows), and where a piece of it begins and ends.
    """

    facts: TableFacts
    files: tuple[tuple[Any, ...], ...]

    @property
    def settings(self) -> dict[str, Any]:
        """What the rows follow from, besides the files; the folder as well, if a name counts from it."""
        settings = {name: value for name, value in to_dict(self.facts).items() if name in SETTINGS}
        if not self._counts_from_folder:
            del settings["folder"]
        return settings

    @property
    def _counts_from_folder(self) -> bool:
        if self.facts.data is not None:
            return self.facts.place_of(self.facts.data) != self.facts.data
        return not all(os.path.isabs(name) or is_remote(name) for name, *_ in self.files)

    @property
    def digest(self) -> str:
        """SHA-256 over all of it."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """All of it as JSON text."""
        return json.dumps({"settings": self.settings, "files": self.files}, sort_keys=True)


def is_written(path: Path, plan: Plan) -> bool:
    """Whether the table is there, whole; nothing is kept beside it then.

    Raises:
        UserError: there is another one, or something else.
    """
    if not path.exists():
        return False
    try:
        facts = open_table(path).facts
    except UserError as error:
        raise UserError(f"{error}; {path} is in the way: choose another --out") from None
    if facts.plan == plan.digest:
        # Where it was interrupted between the last two steps.
        remove_tree(parts_folder(path), missing_ok=True)
        return True
    before = Plan(facts, plan.files).settings
    raise _other(path, _differences(before, plan.settings) or ["other files"], f"remove {path}")


@contextlib.contextmanager
def kept_rows(path: Path, plan: Plan) -> Iterator[Journal]:
    """What is done of a table. The folder that keeps it is removed when the table is there.

    Args:
        path: the table.
        plan: what it will hold.

    Raises:
        UserError: it was begun with other files or settings, another process is writing it, or the folder cannot be
            written.
    """
    folder = parts_folder(path)
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder / LOCK_FILE))
            _check_same(path, folder, plan)
            journal = stack.enter_context(Journal(folder / JOURNAL_FILE, plan.facts.embedding_size))
        except BlockingIOError:
            raise UserError(f"another process is writing {path}; wait for it, or choose another --out") from None
        except OSError as error:
            raise UserError(f"{folder} cannot be written ({reason_of(error)}); choose another --out") from None
        yield journal
    if path.exists():
        remove_tree(folder)


def parts_folder(path: Path) -> Path:
    """The folder that keeps what is done: beside the table, or in the user's cache where that is elsewhere."""
    if not is_remote(path):
        return path.with_name(f"{path.name}.parts")
    return machine.cache_folder() / "embeddings" / hashlib.sha256(str(path).encode()).hexdigest()[:16]


def dense_folder(path: Path) -> Path:
    """The folder of the maps, beside the table."""
    return path.with_name(f"{path.name}.dense")


def _check_same(path: Path, folder: Path, plan: Plan) -> None:
    file = folder / PLAN_FILE
    if not file.exists():
        write_atomically(file, plan.to_json())
        return
    text = file.read_text(encoding="utf-8")
    if text == plan.to_json():
        return
    try:
        before = json.loads(text)
        settings, files = dict(before["settings"]), [tuple(each) for each in before["files"]]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{file} is damaged; remove {folder}, and run the same command again") from None
    different = _differences(settings, plan.settings)
    if files != list(plan.files):
        changed = sorted({str(each[0]) for each in set(files) ^ set(plan.files)}) or ["another order"]
        more = f" and {len(changed) - NAMED:,} more" if len(changed) > NAMED else ""
        different.append(f"files: {', '.join(map(one_line, changed[:NAMED]))}{more}")
    raise _other(path, different, f"remove {folder}")


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        "another encoder" if name in ("weights_sha256", "card") else f"{name}: {before.get(name)} -> {now.get(name)}"
        for name in SETTINGS
        if before.get(name) != now.get(name)
    ]


def _other(path: Path, different: list[str], remedy: str) -> UserError:
    words = "; ".join(dict.fromkeys(different))
    return UserError(f"{path} was begun with other files or settings ({words}); choose another --out, or {remedy}")
