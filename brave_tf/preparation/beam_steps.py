"""What Apache Beam's workers do: a source becomes a piece, the pieces of a shard become the shard.

Nothing here knows Beam. Any step may run twice, also at the same time: files appear whole under their names, and what
is there already is not made again, so that a pipeline that was stopped goes on.
"""

import contextlib
import dataclasses
import json
import os
import queue
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from brave_tf.data.dataset import WORK_FOLDER
from brave_tf.preparation.fetched_sources import cannot_fetch
from brave_tf.preparation.file_limits import FileLimits
from brave_tf.preparation.jobs import Outcome, SourceJob, cannot_write
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.plan import ClipSettings, Plan, Shard
from brave_tf.preparation.shard_writer import join
from brave_tf.preparation.work_folder import is_done, temporary
from brave_tf.preparation.worker_processes import WorkerProcesses
from brave_tf.storage import as_source, copy_file, is_remote, local_copy, remove_tree


@dataclasses.dataclass(frozen=True)
class BeamWork:
    """What all steps of a pipeline know.

    Attributes:
        out: the dataset's directory, a place that all workers reach.
        settings: what to make of the media files.
        seconds_per_file: what the work on one file may take.
    """

    out: Path
    settings: ClipSettings
    seconds_per_file: float

    def folder(self, shard: Shard) -> Path:
        """Where the pieces of a shard are until it is written, with what became of each source."""
        return temporary(self.out / WORK_FOLDER, shard, "pieces")


@dataclasses.dataclass(frozen=True)
class SourceTask:
    """What there is to do for a source.

    Attributes:
        shard: the shard that it belongs to, without the numbers of its sources: every task travels.
        number: of the source in the plan.
        source: the source.
        label_indices: class index of every name in its column `label`.
        cells: what the clip table's label columns hold for it.
        reason: why it was given up before, or None.
    """

    shard: Shard
    number: int
    source: Source
    label_indices: tuple[int, ...]
    cells: Mapping[str, Any]
    reason: str | None


@dataclasses.dataclass(frozen=True)
class Piece:
    """What a source became; rows have labels.

    Attributes:
        task: what there was to do.
        outcome: what came of it.
    """

    task: SourceTask
    outcome: Outcome


def write_tasks(work: BeamWork, plan: Plan, shard: Shard, left_out: Mapping[int, str]) -> None:
    """Writes down what there is to do for a shard, so that the pipeline itself holds nothing but its name."""
    tasks = []
    for number in shard.sources:
        source = plan.sources[number]
        values = dataclasses.asdict(source) | {"path": str(source.path.absolute()), "labels": dict(source.labels)}
        indices, cells = plan.label_indices(source), plan.cells(source)
        tasks.append(
            {
                "number": number,
                "source": values,
                "label_indices": indices,
                "cells": cells,
                "reason": left_out.get(number),
            }
        )
    _put_text(json.dumps({"split": shard.split, "tasks": tasks}), _task_file(work, shard.name))


def read_tasks(name: str, work: BeamWork) -> Iterator[SourceTask]:
    """What there is to do for a shard, source by source."""
    content = json.loads(_task_file(work, name).read_text(encoding="utf-8"))
    shard = Shard(name, content["split"], ())
    for task in content["tasks"]:
        values = task["source"]
        labels = {name: value if isinstance(value, str) else tuple(value) for name, value in values["labels"].items()}
        source = Source(**values | {"path": as_source(values["path"]), "labels": labels})
        indices = tuple(task["label_indices"])
        yield SourceTask(shard, task["number"], source, indices, task["cells"], task["reason"])


def write_piece(task: SourceTask, work: BeamWork) -> tuple[str, Piece]:
    """Writes the piece of a source, unless it is there: the name of its shard, and what became of the source.

    Raises:
        UserError: the piece cannot be written.
    """
    folder, target = work.folder(task.shard), work.out / task.shard.name
    kept = folder / f"{task.number}.outcome"
    try:
        folder.mkdir(exist_ok=True)
        if kept.is_file():
            values = json.loads(kept.read_text(encoding="utf-8"))
            outcome = Outcome(**values | {"remarks": tuple(values["remarks"])})
        else:
            outcome = _make_piece(task, work, folder)
            _put_text(json.dumps(dataclasses.asdict(outcome)), kept)
    except OSError as error:
        raise cannot_write(target, error) from None
    rows = [{**row, **task.cells} for row in outcome.rows]
    return task.shard.name, Piece(task, dataclasses.replace(outcome, rows=rows))


def write_joined(pieces_of_shard: tuple[str, Iterable[Piece]], work: BeamWork) -> str:
    """Writes a shard, unless it is done, and removes the pieces; returns its name.

    Raises:
        UserError: the shard cannot be written.
    """
    pieces = sorted(pieces_of_shard[1], key=lambda piece: piece.task.number)
    shard = pieces[0].task.shard
    folder, target = work.folder(shard), work.out / shard.name
    try:
        if not is_done(work.out, shard):
            parts = [(piece.task.source.name, folder / f"{piece.task.number}.piece", piece.outcome) for piece in pieces]
            with _scratch(folder) as scratch:
                with open(scratch, "wb") as stream:
                    result = join(stream, shard, parts)
                _put(scratch, target)
            _put_text(json.dumps(result), temporary(work.out / WORK_FOLDER, shard, "done"))
    except (OSError, MemoryError) as error:
        raise cannot_write(target, error) from None
    with contextlib.suppress(OSError):
        remove_tree(folder)
    return shard.name


def _make_piece(task: SourceTask, work: BeamWork, folder: Path) -> Outcome:
    if task.reason is not None:
        return Outcome([], task.reason)
    with contextlib.ExitStack() as stack:
        try:
            here = dataclasses.replace(task.source, path=stack.enter_context(local_copy(task.source.path)))
        except OSError as error:
            return cannot_fetch(error, task.source.name)
        scratch = stack.enter_context(_scratch(folder))
        job = SourceJob(task.number, here, task.label_indices, work.settings, scratch, work.out / task.shard.name)
        outcome = write_in_process(job, FileLimits(work.seconds_per_file))
        if outcome.reason is None:
            _put(scratch, folder / f"{task.number}.piece")
    return outcome


_idle: dict[FileLimits, "queue.SimpleQueue[WorkerProcesses]"] = {}
"""Processes that wait for work, so that a new one is not started for every file."""
_lock = threading.Lock()


def write_in_process(job: SourceJob, limits: FileLimits) -> Outcome:
    """Writes a piece in a process of its own: a file that crashes or hangs takes no worker of Beam with it.

    Raises:
        UserError: the piece cannot be written, or no process can be started.
    """
    with _lock:
        waiting = _idle.setdefault(limits, queue.SimpleQueue())
    try:
        processes = waiting.get_nowait()
    except queue.Empty:
        processes = WorkerProcesses(1, limits)
    try:
        with _lock:  # Several threads of Beam share the server that starts them.
            processes.start(job)
        while not (finished := processes.wait()):
            pass
    except BaseException:
        processes.__exit__(*sys.exc_info())
        raise
    waiting.put(processes)
    outcome: Outcome = finished[0][1]
    return outcome


def end_processes() -> None:
    """Ends the processes that wait for work in this one."""
    for waiting in _idle.values():
        while not waiting.empty():
            waiting.get().__exit__(None, None, None)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A new file on this machine that goes under its name with `_put`; what is left of it afterwards is removed.

    It is in the folder itself, if that is a path of this machine, so that it goes there without a copy.
    """
    if is_remote(folder):
        with tempfile.TemporaryDirectory(prefix="brave_tf-beam-") as place:
            yield Path(place) / "scratch"
        return
    path = folder / f"{uuid.uuid4().hex}.partial"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _put(scratch: Path, target: Path) -> None:
    if is_remote(target):
        copy_file(scratch, target)
        return
    with open(scratch, "rb") as file:
        os.fsync(file.fileno())
    os.replace(scratch, target)


def _put_text(text: str, target: Path) -> None:
    with _scratch(target.parent) as scratch:
        scratch.write_text(text, encoding="utf-8")
        _put(scratch, target)


def _task_file(work: BeamWork, name: str) -> Path:
    return work.out / WORK_FOLDER / f"{name}.tasks"
