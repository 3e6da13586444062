"""Apache Beam as what prepares a dataset: on this machine, or on a cluster that its runners know."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from brave_tf.errors import UsageError, UserError, reason_of
from brave_tf.preparation.beam_steps import (
    BeamWork,
    end_processes,
    read_tasks,
    write_joined,
    write_piece,
    write_tasks,
)
from brave_tf.preparation.file_limits import FileLimits
from brave_tf.preparation.plan import ClipSettings, Plan, Shard
from brave_tf.preparation.work_folder import is_done, not_done, read_left_out
from brave_tf.progress import track
from brave_tf.storage import of_many

HERE = ("runner=FnApiRunner", "direct_running_mode=multi_processing", "direct_num_workers=0")
"""Beam's options where none names a runner: all cores of this machine, and nothing that Beam would download."""

LOOK_SECONDS = 5.0
"""How often, at most, what is done is counted for the progress."""
LOOK_SHARE = 0.1
"""And for how much of the time, at most: the folder may be far away."""


def write_with_beam(out: Path, plan: Plan, settings: ClipSettings, options: Sequence[str], limits: FileLimits) -> None:
    """Writes the shards that are not done yet.

    Args:
        out: the dataset's directory, a place that all workers reach under this path.
        plan: the preparation.
        settings: what to make of the media files.
        options: Beam's own, `name=value` or `name` each.
        limits: what the work on one file may take.

    Raises:
        UsageError: an option is none.
        UserError: Beam is not there, or its pipeline failed.
    """
    flags = pipeline_flags(options)
    try:
        import apache_beam  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"received --runner beam, and Apache Beam cannot be imported ({error}); install it, in an environment of "
            "its own: pip install 'brave_tf[beam]'"
        ) from None
    work = BeamWork(out.absolute(), settings, limits.seconds)
    todo = not_done(out, plan.shards)
    left_out = read_left_out(out)
    try:
        of_many(lambda shard: write_tasks(work, plan, shard, left_out), todo)
    except OSError as error:
        raise UserError(f"{out} cannot be written ({error.strerror}); free some space and run it again") from None
    if todo:
        with _shown(work, todo):
            _run([shard.name for shard in todo], work, flags)
    missing = not_done(out, todo)
    if missing:
        raise UserError(
            f"Beam's pipeline ended without {len(missing):,} of {len(plan.shards):,} shards, such as "
            f"{missing[0].name}; see to it that its workers reach {work.out}, and run the same command again"
        )


def pipeline_flags(options: Sequence[str]) -> list[str]:
    """Beam's options as it reads them: `runner=FlinkRunner` -> `--runner=FlinkRunner`.

    Raises:
        UsageError: one has no name.
    """
    bare = [option.removeprefix("--") for option in options]
    for option in bare:
        if not re.fullmatch(r"[A-Za-z]\w*(=.*)?", option, flags=re.DOTALL):
            raise UsageError(f"received the Beam option {option!r}; expected NAME=VALUE, such as runner=FlinkRunner")
    if not any(option.startswith("runner=") for option in bare):
        bare = [*HERE, *bare]
    return [f"--{option}" for option in bare]


def _run(names: list[str], work: BeamWork, flags: list[str]) -> None:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    result: Any = None
    try:
        pipeline = beam.Pipeline(options=PipelineOptions(flags))
        # What the elements are is said by hand: Beam would take dataclasses apart.
        joined = (
            pipeline
            | "Shards" >> beam.Create(names)
            | "Sources" >> beam.FlatMap(read_tasks, work).with_output_types(Any)
            | "Spread" >> beam.Reshuffle()
            | "Pieces" >> beam.Map(write_piece, work).with_output_types(tuple[str, Any])
            | "Together" >> beam.GroupByKey()
        )
        _ = joined | "Join" >> beam.Map(write_joined, work).with_output_types(str)
        result = pipeline.run()
        result.wait_until_finish()
    except (KeyboardInterrupt, SystemExit):
        with contextlib.suppress(Exception):
            result.cancel()
        raise
    except Exception as error:
        raise UserError(_reason(error)) from error
    finally:
        end_processes()


def _reason(error: Exception) -> str:
    """What went wrong: our own line, if there is one in the traces that Beam sends along."""
    text = str(error)
    ours = [line.partition("UserError: ")[2] for line in text.splitlines() if "UserError: " in line]
    if isinstance(error, UserError):
        ours.append(text)
    if ours:
        return re.sub(r" \[while running .*", "", ours[-1])
    return f"Beam's pipeline failed ({reason_of(error)}); run the same command again to go on from what is done"


@contextlib.contextmanager
def _shown(work: BeamWork, todo: Sequence[Shard]) -> Iterator[None]:
    """Shows how many sources are done, which is counted where their pieces lie."""
    stop = threading.Event()
    with track(sum(len(shard.sources) for shard in todo), "prepare with Beam") as advance:
        thread = threading.Thread(target=_count, args=(work, todo, advance, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _count(work: BeamWork, todo: Sequence[Shard], advance: Callable[[int], None], stop: threading.Event) -> None:
    shown, pause = 0, LOOK_SECONDS
    is_over = False
    while not is_over:
        is_over = stop.wait(pause)
        began = time.monotonic()
        with contextlib.suppress(OSError):
            done = sum(_done_sources(work, shard) for shard in todo)
            if done > shown:
                advance(done - shown)
                shown = done
        pause = max(LOOK_SECONDS, (time.monotonic() - began) / LOOK_SHARE)


def _done_sources(work: BeamWork, shard: Shard) -> int:
    if is_done(work.out, shard):
        return len(shard.sources)
    return sum(1 for _ in work.folder(shard).glob("*.outcome"))
