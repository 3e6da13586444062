"""`metrics.jsonl`, the metrics of a run: one JSON object a line, by rising `step`."""

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.files import write_atomically
from brave_tf.runs.json_files import unreadable
from brave_tf.runs.paths import METRICS_FILE
from brave_tf.storage import RemotePath

DAMAGED, DAMAGED_COUNT = "damaged", "damaged_clips"
"""Keys of a line: the damaged clips that were first met then, and how many have been met so far."""
LOW_RANK = "low_rank"
"""Key of a line: at its step the effective rank of the projections became low, or was no longer low."""
DAMAGED_KEYS = {"row", "clip_id", "shard", "offset", "source", "reason"}


@dataclasses.dataclass(frozen=True)
class Metrics:
    """What a run has logged.

    Attributes:
        lines: the lines that can be read, each with its `step`.
        damaged_lines: lines before the last that cannot be read.
        logged_at: when the last line was written; None without a file.
    """

    lines: Sequence[Mapping[str, Any]] = ()
    damaged_lines: int = 0
    logged_at: datetime.datetime | None = None


def read_metrics(run: Path) -> Metrics:
    """Reads the metrics of a run, which may be writing them at that moment.

    Raises:
        UserError: there is a file, and it cannot be read.
    """
    path = run / METRICS_FILE
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        logged_at = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    except FileNotFoundError:
        return Metrics()
    except OSError as error:
        raise unreadable(path, error) from error
    # str.splitlines would also split at what JSON allows inside a string.
    lines = [_parse(line) for line in text.split("\n") if line.strip()]
    # The run may be writing the last one right now.
    return Metrics([line for line in lines if line is not None], lines[:-1].count(None), logged_at)


class MetricsLog:
    """The metrics of a run that goes on.

    A line is on the disk when it is added. Storage elsewhere takes whole files alone: there lines are kept, and go to
    their place with `flush`.

    Args:
        run: the run directory.
        last_step: lines past it, and those that cannot be read, are dropped.

    Raises:
        UserError: there is a file, and it cannot be read.
        OSError: the file cannot be written.
    """

    def __init__(self, run: Path, last_step: int):
        self._path = run / METRICS_FILE
        trim_metrics(run, last_step)
        self._kept: list[str] | None = None
        self._is_flushed = True
        if isinstance(run, RemotePath):
            self._kept = [_line(line) for line in read_metrics(run).lines]

    def append(self, step: int, values: Mapping[str, Any]) -> None:
        """Adds the line of a step: numbers, and under `DAMAGED` a list of what `named_damage` returns.

        Raises:
            OSError: it cannot be written.
        """
        line = _line({"step": step, **values})
        if self._kept is not None:
            self._kept.append(line)
            self._is_flushed = False
            return
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line)

    def flush(self) -> None:
        """Writes what is kept.

        Raises:
            OSError: it cannot be written.
        """
        if self._kept is not None and not self._is_flushed:
            write_atomically(self._path, "".join(self._kept))
            self._is_flushed = True


def trim_metrics(run: Path, last_step: int) -> None:
    """Drops lines past `last_step`, and those that cannot be read, before a run goes on.

    Raises:
        OSError: the file cannot be written.
    """
    if (run / METRICS_FILE).is_file():
        kept = [line for line in read_metrics(run).lines if line["step"] <= last_step]
        write_atomically(run / METRICS_FILE, "".join(map(_line, kept)))


def named_damage(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The damaged clips that lines name, each at the step at which it was first met.

    Returns:
        For each `row`, `clip_id`, `shard`, `offset`, `source` and `reason`; see `brave_tf.data.damage.DamagedClip`.
    """
    entries = [entry for line in lines for entry in _listed(line.get(DAMAGED))]
    return [entry for entry in entries if isinstance(entry, dict) and entry.keys() == DAMAGED_KEYS]


def low_rank_events(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """When the effective rank of a run's projections became low, and when it was no longer.

    Returns:
        For each time `step`, `is_low`, `view`, `rank` and `limit`; see `brave_tf.training.rank_watch.RankWatch`.
    """
    events = [{"step": line["step"], **line[LOW_RANK]} for line in lines if isinstance(line.get(LOW_RANK), dict)]
    return [event for event in events if event.keys() == {"step", "is_low", "view", "rank", "limit"}]


def damage_until(run: Path, last_step: int) -> list[dict[str, Any]]:
    """The damaged clips that a run has named up to a step; none without a file. See `named_damage`.

    Raises:
        UserError: there is a file, and it cannot be read.
    """
    return named_damage(lines_until(run, last_step))


def lines_until(run: Path, last_step: int) -> list[Mapping[str, Any]]:
    """The lines of a run up to a step; none without a file.

    Raises:
        UserError: there is a file, and it cannot be read.
    """
    lines = read_metrics(run).lines if (run / METRICS_FILE).is_file() else []
    return [line for line in lines if line["step"] <= last_step]


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values) + "\n"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def is_step(value: Any) -> bool:
    """Whether a value of a JSON file is a number of steps."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _parse(line: str) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) and is_step(values.get("step")) else None
