"""Writes the shards of a plan: here, or in several processes."""

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from brave_tf import quiet
from brave_tf.errors import UserError
from brave_tf.preparation.plan import ClipSettings, Plan, Shard, read_done
from brave_tf.progress import Advance, track

LOOK_SECONDS = 1.0
"""How often the progress of other processes is looked at."""
LEAVE_SECONDS = 0.2
"""How often a worker looks whether it should leave."""

Results = dict[str, Any]
"""What `brave_tf.preparation.shard_writer.write_shard` returned, by the shard's name."""


def write_shards(out: Path, plan: Plan, settings: ClipSettings, workers: int) -> list[dict[str, Any]]:
    """Writes what is not done yet.

    Args:
        out: the dataset's directory.
        plan: the preparation.
        settings: what to make of the media files.
        workers: processes.

    Returns:
        What `brave_tf.preparation.shard_writer.write_shard` returned for every shard of the plan, now or before.

    Raises:
        UserError: a shard cannot be written, or a worker died.
    """
    results: Results = {shard.name: read_done(out, shard) for shard in plan.shards}
    todo = [shard for shard in plan.shards if results[shard.name] is None]
    done = sum(len(shard.sources) for shard in plan.shards) - sum(len(shard.sources) for shard in todo)
    with track(len(plan.sources), "prepare", done=done) as advance:
        if workers == 1 or len(todo) <= 1:
            for shard in todo:
                results[shard.name] = _write(out, plan, shard, settings, advance)
        else:
            results |= _write_in_processes(out, plan, settings, todo, min(workers, len(todo)), advance)
    return [results[shard.name] for shard in plan.shards]


def _write(
    out: Path, plan: Plan, shard: Shard, settings: ClipSettings, source_done: Callable[[], None]
) -> dict[str, Any]:
    # TensorFlow starts where records are written, not in a process that only hands out the work.
    quiet.import_tensorflow()
    from brave_tf.preparation.shard_writer import write_shard

    return write_shard(out, plan, shard, settings, source_done)


def _write_in_processes(
    out: Path, plan: Plan, settings: ClipSettings, todo: list[Shard], workers: int, advance: Advance
) -> Results:
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    # A place of its own for each shard needs no lock, which a worker could take to its grave.
    sources_done = context.RawArray("q", len(todo))
    reported, results = 0, {}
    with _pool(workers, context, sources_done) as pool:
        with _without_interrupts():
            futures = {
                pool.submit(_write_in_worker, out, plan, shard, settings, place): shard
                for place, shard in enumerate(todo)
            }
        waiting = set(futures)
        while waiting:
            finished, waiting = concurrent.futures.wait(waiting, LOOK_SECONDS, concurrent.futures.FIRST_COMPLETED)
            for future in finished:
                results[futures[future].name] = _result(future, futures[future])
            now_done = sum(sources_done)
            if now_done > reported:
                advance(now_done - reported)
                reported = now_done
    return results


def _result(future: Any, shard: Shard) -> dict[str, Any]:
    try:
        result: dict[str, Any] = future.result()
    except concurrent.futures.process.BrokenProcessPool:
        raise UserError(
            f"a worker process died around {shard.name} (out of memory?); "
            "run the same command again with fewer --workers"
        ) from None
    return result


@contextlib.contextmanager
def _pool(workers: int, context: Any, sources_done: Any) -> Iterator[concurrent.futures.ProcessPoolExecutor]:
    """A pool whose workers leave at once when the work fails or is interrupted: half a shard is worth nothing."""
    leave = context.RawValue("b", 0)
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(sources_done, leave)
    )
    try:
        yield pool
    except BaseException:
        leave.value = 1
        # A second Ctrl-C must not cut short the little that is left to do.
        with _ignored_interrupts():
            pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown(wait=True)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start in here hear nothing of Ctrl-C; one that is pressed meanwhile strikes afterwards.

    A terminal sends Ctrl-C to every process of the command, also to those that are still starting.
    """
    # It unblocks the signal when it starts, so it has to run before.
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _ignored_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread is ever interrupted.
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_sources_done: Any = None
"""In a worker process: how many sources of each shard are done."""


def _start_worker(sources_done: Any, leave: Any) -> None:
    global _sources_done
    _sources_done = sources_done
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def leave_in_time() -> None:
        while os.getppid() == parent and not leave.value:
            time.sleep(LEAVE_SECONDS)
        os._exit(1)

    threading.Thread(target=leave_in_time, daemon=True).start()


def _write_in_worker(out: Path, plan: Plan, shard: Shard, settings: ClipSettings, place: int) -> dict[str, Any]:
    def source_done() -> None:
        _sources_done[place] += 1

    return _write(out, plan, shard, settings, source_done)
