"""An index beside a table, in which usearch finds nearly all of the nearest rows without looking at every one."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from brave_tf.embedding.exact import unit
from brave_tf.embedding.table import EmbeddingTable
from brave_tf.errors import UserError, reason_of
from brave_tf.files import locked, new_folder, write_json
from brave_tf.machine import cores
from brave_tf.progress import note, phase, track
from brave_tf.storage import is_remote

WORTH_ROWS = 5_000_000
"""From so many rows on, a search says that there is an index to be had; docs/embedding.md has the measurements."""
_INDEX_FILE, _FACTS_FILE = "rows.usearch", "index.json"
_HASH_BYTES = 2**24


class RowIndex:
    """The index of a table.

    Args:
        index: what usearch made, with the number of each row as its key.
    """

    def __init__(self, index: Any):
        self._index = index

    def nearest(self, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows that are most like the query, and their exact cosine similarities, in the order of the table.

        Args:
            query: [D].
            count: so many rows at most.
        """
        direction = unit(query)
        rows = np.sort(np.asarray(self._index.search(direction, count).keys, np.int64))
        return rows, np.clip(np.vecdot(np.asarray(self._index.get(rows), np.float32), direction), -1.0, 1.0)


def row_index(table: EmbeddingTable) -> RowIndex:
    """The index of a table, built beside it where there is none of this very table.

    Raises:
        UserError: usearch is not installed, the table is elsewhere, another process builds its index, or it cannot be
            written.
    """
    if is_remote(table.path):
        raise UserError(f"received --approximate with {table.path}; expected one on this machine; copy it here first")
    folder = index_folder(table.path)
    try:
        # A folder that is there can be read where nothing can be written.
        if not _is_of(folder, table.path):
            with _alone(folder):
                _build(folder, table)
        loaded = _restored(folder / _INDEX_FILE)
    except BlockingIOError:
        raise UserError(f"another process builds the index of {table.path}; wait for it") from None
    except OSError as error:
        raise UserError(
            f"the index {folder} cannot be written or read ({reason_of(error)}); leave out --approximate"
        ) from None
    if loaded is None or len(loaded) != table.rows:
        raise UserError(f"the index {folder} is damaged; remove it, and run the same command again")
    return RowIndex(loaded)


def check_installed() -> None:
    """Raises `UserError` if usearch is not installed."""
    _usearch()


def index_folder(table: Path) -> Path:
    """The folder of a table's index, beside it."""
    return table.with_name(f"{table.name}.index")


def _usearch() -> Any:
    try:
        from usearch.index import Index
    except ImportError:
        raise UserError(
            'received --approximate, and usearch is not installed; pip install "brave_tf[search]", or leave it out: '
            "the exact search needs nothing more"
        ) from None
    return Index


def _restored(file: Path) -> Any:
    """What usearch saved, read from the disk as it is needed; None if it is damaged."""
    try:
        return _usearch().restore(str(file), view=True)
    except (ValueError, RuntimeError):
        return None


def _build(folder: Path, table: EmbeddingTable) -> None:
    index = _usearch()(ndim=table.facts.embedding_size, metric="ip", dtype="f32")
    first = 0
    with track(table.rows, "building the index") as advance:
        for block in table.blocks():
            index.add(np.arange(first, first + len(block)), unit(block), threads=cores())
            first += len(block)
            advance(len(block))
    with _replaced_folder(folder) as made:
        index.save(str(made / _INDEX_FILE))
        size = (made / _INDEX_FILE).stat().st_size
        write_json(made / _FACTS_FILE, {**_state(table.path), "sha256": _sha256(table.path), "index_bytes": size})


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the lock of who builds an index."""
    lock = folder.with_name(f".{folder.name}.lock")
    with locked(lock):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


@contextlib.contextmanager
def _replaced_folder(folder: Path) -> Iterator[Path]:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()) or _strangers(folder):
        raise UserError(
            f"{folder} is in the way of the index, and holds other things; expected nothing there, or an older index; "
            "move it away, or leave out --approximate"
        )
    for name in (_INDEX_FILE, _FACTS_FILE):
        (folder / name).unlink(missing_ok=True)
    with new_folder(folder) as made:
        yield made


def _strangers(folder: Path) -> list[Path]:
    """What is in a folder that no index has there."""
    return [entry for entry in folder.glob("*") if entry.name not in (_INDEX_FILE, _FACTS_FILE)]


def _is_of(folder: Path, table: Path) -> bool:
    """Whether the index is whole, and of this very table; a table that was copied or touched is told by its hash."""
    try:
        facts = json.loads((folder / _FACTS_FILE).read_text(encoding="utf-8"))
        kept = {name: facts[name] for name in ("bytes", "changed_ns")}
        is_whole = facts["index_bytes"] == (folder / _INDEX_FILE).stat().st_size
        expected = str(facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    # usearch would read beyond the end of a file that was cut off.
    if not is_whole:
        return False
    now = _state(table)
    if kept == now:
        return True
    if kept["bytes"] != now["bytes"] or expected != _sha256(table):
        note(f"the index {folder} is of another table; it is built anew")
        return False
    # Where nothing can be written, the hash is computed again next time.
    with contextlib.suppress(OSError):
        write_json(folder / _FACTS_FILE, {**facts, **now})
    return True


def _state(table: Path) -> dict[str, int]:
    status = os.stat(table)
    return {"bytes": status.st_size, "changed_ns": status.st_mtime_ns}


def _sha256(table: Path) -> str:
    digest = hashlib.sha256()
    with phase("reading the table for its hash"), open(table, "rb") as file:
        while piece := file.read(_HASH_BYTES):
            digest.update(piece)
    return digest.hexdigest()
