"""Reads a whole dataset: the shards one after the other, their records in several threads."""

import collections
import concurrent.futures
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from brave_tf.data.dataset import Dataset
from brave_tf.data.foreign import ForeignDataset
from brave_tf.data.open import open_dataset
from brave_tf.data.record_frame import framed_bytes
from brave_tf.errors import UserError
from brave_tf.machine import cores
from brave_tf.progress import Advance, phase, track
from brave_tf.progress.activity import plain
from brave_tf.quiet import silenced_libraries
from brave_tf.storage import as_path, is_remote, of_many
from brave_tf.verification.copies import Copies
from brave_tf.verification.record_check import CheckedRecord, RecordChecker
from brave_tf.verification.repair import repair_target, write_repaired
from brave_tf.verification.report import ClipPlace, UnlistedBytes, UnusableClip, VerificationReport
from brave_tf.verification.shard_walk import NO_ROW, Lost, Place, Record, walk_shard
from brave_tf.verification.whole import listed_shards, problems_of

RECORDS_PER_WORKER = 2
"""Records that are read ahead."""
BYTES_AHEAD = 2**28
"""Of these records together, which bounds the memory; a larger record waits for all before it."""


def verify_dataset(
    dataset: str | Path, *, repair: str | Path | None = None, workers: int | None = None
) -> VerificationReport:
    """Does what `brave_tf.commands.verify` documents."""
    if workers is not None and workers < 1:
        raise UserError(f"received --workers {workers}; expected at least 1")
    opened = open_dataset(dataset)
    with repair_target(opened, None if repair is None else as_path(repair)) as target:
        with silenced_libraries() as terminal:
            report = Verifier(opened, workers or cores()).run(Console(file=terminal, **plain()))
        if target is None or not report.can_be_repaired:
            return report
        with phase("writing the repaired dataset"):
            return write_repaired(opened, target, report)


class Verifier:
    """One verification.

    Args:
        dataset: what to read.
        workers: threads that check records.
    """

    def __init__(self, dataset: Dataset, workers: int):
        self._dataset = dataset
        self._workers = workers
        self._table = dataset.clips().sort_by([("shard", "ascending"), ("offset", "ascending")]).combine_chunks()
        self._is_foreign = isinstance(dataset, ForeignDataset)
        self._damaged: dict[int, list[str]] = collections.defaultdict(list)
        self._unlisted: list[UnlistedBytes] = []
        self._copies = Copies(self._table.num_rows)
        self._seen = 0
        self._pending: collections.deque[tuple[Record, concurrent.futures.Future[CheckedRecord]]] = collections.deque()

    def run(self, console: Console) -> VerificationReport:
        """Reads everything.

        Args:
            console: where progress is shown.
        """
        rows_of = self._rows_of_shards()
        shards = sorted(rows_of.keys() | listed_shards(self._dataset))
        sizes = dict(zip(shards, _sizes(list(map(self._dataset.shard_path, shards))), strict=True))
        stop = threading.Event()
        checker = RecordChecker(self._dataset, stop)

        def submit(record: Record) -> "concurrent.futures.Future[CheckedRecord]":
            (row,) = self._table.slice(record.place.row, 1).to_pylist()
            return pool.submit(checker.check, record.payload, row)

        with (
            track(sum(sizes.values()), "verify", console=console, percent=True) as advance,
            concurrent.futures.ThreadPoolExecutor(self._workers) as pool,
        ):
            try:
                for name in shards:
                    self._read_shard(name, rows_of.get(name, range(0)), sizes[name], submit, advance)
                while self._pending:
                    self._take(advance)
            except BaseException:
                # Workers look at it between two pictures.
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        with phase("comparing the clips with one another"):
            return self._report(len(shards), sum(sizes.values()))

    def _rows_of_shards(self) -> dict[str, range]:
        encoded = self._table["shard"].combine_chunks().dictionary_encode()
        codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        starts = [*np.searchsorted(codes, np.arange(len(names))).tolist(), len(codes)]
        return {name: range(*starts[number : number + 2]) for number, name in enumerate(names)}

    def _read_shard(
        self,
        name: str,
        rows: range,
        size: int,
        submit: Callable[[Record], "concurrent.futures.Future[CheckedRecord]"],
        advance: Advance,
    ) -> None:
        part = self._table.slice(rows.start, len(rows)).select(["offset", "length"]).to_pydict()
        places = list(map(Place, rows, part["offset"], part["length"]))
        left = size
        for step in walk_shard(self._dataset.shard_path(name), places):
            if isinstance(step, Lost):
                self._seen += 1
                self._damaged[step.place.row].append(step.reason)
            elif isinstance(step, Record):
                self._make_room(len(step.payload), advance)
                self._pending.append((step, submit(step)))
                left -= framed_bytes(len(step.payload))
            else:
                self._add_unlisted(UnlistedBytes(self._shown(name), *step))
                left -= step.size
                self._show(advance, step.size)
        # Of damaged records nobody knows how long they are.
        if left > 0:
            self._show(advance, left)

    def _show(self, advance: Advance, done: int) -> None:
        counts = f"{self._seen:,} of {self._table.num_rows:,} clips, {len(self._damaged):,} damaged"
        advance(done, f"({counts})")

    def _make_room(self, size: int, advance: Advance) -> None:
        ahead = sum(len(record.payload) for record, _ in self._pending)
        while self._pending and (
            len(self._pending) >= RECORDS_PER_WORKER * self._workers or ahead + size > BYTES_AHEAD
        ):
            ahead -= len(self._pending[0][0].payload)
            self._take(advance)

    def _take(self, advance: Advance) -> None:
        """Takes down what was found in the record that was read first."""
        record, future = self._pending.popleft()
        checked = future.result()
        if reasons := (*record.reasons, *checked.reasons):
            self._damaged[record.place.row] += reasons
        else:
            self._copies.add(record.place.row, checked)
        self._seen += 1
        self._show(advance, framed_bytes(len(record.payload)))

    def _add_unlisted(self, found: UnlistedBytes) -> None:
        # What a dataset of others leaves out when it is opened has no row.
        if self._is_foreign and found.what == NO_ROW:
            return
        last = self._unlisted[-1] if self._unlisted else None
        if last and (last.shard, last.what, last.offset + last.size) == (found.shard, found.what, found.offset):
            self._unlisted[-1] = UnlistedBytes(last.shard, last.offset, last.size + found.size, last.what)
        else:
            self._unlisted.append(found)

    def _shown(self, shard: str) -> str:
        path = self._dataset.shard_path(shard)
        return str(path.relative_to(self._dataset.path)) if path.is_relative_to(self._dataset.path) else shard

    def _place(self, row: int) -> ClipPlace:
        names = ("clip_id", "split", "source", "start_seconds", "shard", "offset")
        values: dict[str, Any] = {name: self._table[name][row].as_py() for name in names}
        return ClipPlace(**{**values, "shard": self._shown(values["shard"])})

    def _report(self, shards: int, size: int) -> VerificationReport:
        leaks, duplicates = self._copies.found(self._table["split"])
        return VerificationReport(
            dataset=str(self._dataset.path),
            clips=self._table.num_rows,
            shards=shards,
            bytes_read=size,
            damaged=tuple(UnusableClip(self._place(row), tuple(self._damaged[row])) for row in sorted(self._damaged)),
            left_out=tuple(self._dataset.damaged()),
            unlisted=tuple(self._unlisted),
            problems=tuple(problems_of(self._dataset, self._table)),
            leaks=tuple(copied.as_clips(self._place) for copied in leaks),
            duplicates=tuple(copied.as_clips(self._place) for copied in duplicates),
        )


def _sizes(files: list[Path]) -> list[int]:
    return of_many(_size, files) if any(map(is_remote, files)) else list(map(_size, files))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
