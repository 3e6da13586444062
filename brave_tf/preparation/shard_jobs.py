"""Writes the shards of a plan: what is done in which order, here or in several processes."""

import collections
import contextlib
import dataclasses
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.machine import cores
from brave_tf.preparation.fetched_sources import FetchedSources, fetched_sources
from brave_tf.preparation.file_limits import Deadline, FileLimits
from brave_tf.preparation.jobs import Job, Outcome, ShardJob, SourceJob
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media_settings import Course
from brave_tf.preparation.parts import Part, shards_of
from brave_tf.preparation.plan import ClipSettings, Plan, Shard
from brave_tf.preparation.stage import Stage, staged
from brave_tf.preparation.work_folder import not_done, read_left_out, temporary, write_left_out
from brave_tf.preparation.worker_processes import WorkerProcesses
from brave_tf.progress import Advance, track


def write_shards(
    out: Path, plan: Plan, settings: ClipSettings, workers: int, limits: FileLimits, part: Part | None = None
) -> None:
    """Writes what is not done yet; what came of each shard is in its done-file.

    Args:
        out: the dataset's directory.
        plan: the preparation.
        settings: what to make of the media files.
        workers: processes; 0 to do everything in this one.
        limits: what the work on one file may take. In this process nobody can end a file that hangs, nor watch its
            memory.
        part: whose shards are written; None for all.

    Raises:
        UserError: a shard cannot be written, or no process can be started.
    """
    shards = plan.shards if part is None else shards_of(plan, part)
    numbers = [number for shard in shards for number in shard.sources]
    total = sum(plan.sizes[number] for number in numbers)
    with contextlib.ExitStack() as stack:
        stage = stack.enter_context(staged(out))
        fetched = stack.enter_context(fetched_sources((plan.sources[number] for number in numbers), workers))
        work = _Work(out, plan, settings, not_done(out, shards), part, stage, fetched)
        advance = stack.enter_context(track(total, "prepare", done=total - work.bytes_left, percent=True))
        stack.enter_context(work.tidied())
        meter = _Meter(advance, len(numbers), work)
        if workers:
            _write_in_processes(work, max(min(workers, len(work)), 1), limits, meter)
        else:
            _write_here(work, limits, meter)
        stage.finish()


def _write_here(work: "_Work", limits: FileLimits, meter: "_Meter") -> None:
    # They load what reads media, which the process that only hands out work does without.
    from brave_tf.preparation.shard_writer import write_shard
    from brave_tf.preparation.source_writer import write_source

    while job := work.next(wait=True):
        if isinstance(job, ShardJob):
            work.finish(job, write_shard(job))
            continue
        deadline = Deadline(limits)

        def report(share: float, size: int = work.size(job), deadline: Deadline = deadline) -> None:
            if deadline.is_over:
                raise MediaError(limits.time_reason)
            meter.show(share * size)

        outcome = write_source(job, Course(threads=cores, report=report))
        if deadline.is_over and outcome.reason in (None, limits.time_reason):
            job.piece.unlink(missing_ok=True)
            outcome = Outcome([], limits.time_reason, remembered=True)
        work.finish(job, outcome)
        meter.show()


def _write_in_processes(work: "_Work", workers: int, limits: FileLimits, meter: "_Meter") -> None:
    with WorkerProcesses(workers, limits) as processes:
        while True:
            while processes.has_room and (job := work.next()):
                processes.start(job)
            if not processes.jobs and not work.is_waited_for:
                return
            # The cores that no process keeps busy any more are for the threads of the others.
            processes.set_threads(cores() // min(workers, max(len(processes.jobs), 1)))
            for job, result in processes.wait():
                work.finish(job, result)
            meter.show(sum(work.size(job) * share for job, share in processes.shares()))


class _Work:
    """Jobs in the order in which they are best done, and what came of them.

    Shard by shard, so that an interruption leaves few pieces behind; the largest sources first, so that none is left
    alone at the end. The order changes no byte of the result.
    """

    def __init__(
        self,
        out: Path,
        plan: Plan,
        settings: ClipSettings,
        todo: list[Shard],
        part: Part | None,
        stage: Stage,
        fetched: FetchedSources[SourceJob],
    ):
        self._out, self._plan, self._settings, self._part = out, plan, settings, part
        self._stage, self._fetched = stage, fetched
        # The process number keeps an orphan of a killed run away from our files. Other machines have the same numbers.
        self._tag = str(os.getpid()) if part is None else f"{part.name}.{uuid.uuid4().hex[:8]}.{os.getpid()}"
        largest_first = sorted(todo, key=lambda shard: -max(plan.sizes[number] for number in shard.sources))
        self._left_out = read_left_out(out)
        self._waiting = collections.deque(
            (shard, number)
            for shard in largest_first
            for number in sorted(shard.sources, key=lambda number: -plan.sizes[number])
            if number not in self._left_out
        )
        self._shard_of = {number: shard for shard, number in self._waiting}
        self._outcomes = {number: Outcome([], reason) for number, reason in self._left_out.items()}
        self._open = {shard.name: sum(number in self._shard_of for number in shard.sources) for shard in todo}
        self._complete = collections.deque(shard for shard in todo if not self._open[shard.name])
        self.bytes_left = sum(plan.sizes[number] for number in self._shard_of)
        self.sources_left = len(self._shard_of)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_waited_for(self) -> bool:
        """Whether there are jobs that cannot be begun yet, because their media are still on their way here."""
        return len(self._fetched) > 0

    def next(self, wait: bool = False) -> Job | None:
        """The next job that can be begun; None if there is none at the moment, or, with `wait`, none at all."""
        while not self._complete:
            while self._waiting and self._fetched.has_room:
                self._fetched.add(self._job(*self._waiting.popleft()))
            found = self._fetched.next(wait)
            if found is None:
                return None
            job, outcome = found
            if outcome is None:
                return job
            self.finish(job, outcome)
        return self._join(self._complete.popleft())

    def _job(self, shard: Shard, number: int) -> SourceJob:
        source = self._plan.sources[number]
        indices, here = self._plan.label_indices(source), self._stage.folder / shard.name
        return SourceJob(number, source, indices, self._settings, self._piece(shard, number), here)

    def finish(self, job: Job, result: Any) -> None:
        """Takes down what a job returned."""
        if isinstance(job, ShardJob):
            self._stage.put(job.shard)
            return
        self._fetched.release(job)
        if result.remembered:
            self._left_out[job.number] = result.reason
            write_left_out(self._out, self._left_out, self._part.name if self._part else "")
        shard = self._shard_of[job.number]
        self._outcomes[job.number] = result
        self._open[shard.name] -= 1
        self.bytes_left -= self.size(job)
        self.sources_left -= 1
        if not self._open[shard.name]:
            self._complete.append(shard)

    def size(self, job: Job) -> int:
        """Bytes of media that a job reads."""
        return self._plan.sizes[job.number] if isinstance(job, SourceJob) else 0

    @contextlib.contextmanager
    def tidied(self) -> Iterator[None]:
        """Leaves no piece behind."""
        try:
            yield
        finally:
            for kind in ("piece", "part"):
                for file in (self._stage.folder / WORK_FOLDER).glob(f"*.{self._tag}.{kind}"):
                    file.unlink(missing_ok=True)

    def _piece(self, shard: Shard, number: int) -> Path:
        return temporary(self._stage.folder / WORK_FOLDER, shard, f"{number}.{self._tag}.piece")

    def _join(self, shard: Shard) -> ShardJob:
        parts = []
        for number in shard.sources:
            source, outcome = self._plan.sources[number], self._outcomes.pop(number)
            cells = self._plan.cells(source)
            rows = [row | cells for row in outcome.rows]
            parts.append((source.name, self._piece(shard, number), dataclasses.replace(outcome, rows=rows)))
        return ShardJob(self._stage.folder, shard, parts, self._tag)


class _Meter:
    """Progress in bytes of media, with the number of sources that are done."""

    def __init__(self, advance: Advance, sources: int, work: _Work):
        self._advance, self._sources, self._work = advance, sources, work
        self._left = work.bytes_left

    def show(self, under_way: float = 0.0) -> None:
        """Shows where things are; `under_way` bytes of sources that are not done are read."""
        left = max(self._work.bytes_left - int(under_way), 0)
        done, self._left = self._left - left, min(self._left, left)
        if done > 0:
            self._advance(done, f"({self._sources - self._work.sources_left} of {self._sources} files)")
