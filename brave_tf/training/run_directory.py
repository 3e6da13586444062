"""A run directory: whose it is, what it has recorded, and what may change when it goes on."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from brave_tf.config import Config
from brave_tf.config.values import differences, to_dict
from brave_tf.encoders.encoder import ENCODER_FILE
from brave_tf.errors import UserError
from brave_tf.files import locked, write_atomically, write_json
from brave_tf.training.run_files import CONFIG_FILE, LOCK_FILE, METRICS_FILE, SUMMARY_FILE

MAY_CHANGE = ("checkpoint_every", "keep_checkpoints", "log_every", "monitor")
"""Keys that do not influence the result, so that they may differ when a run goes on."""


@contextlib.contextmanager
def claimed(run: Path, config: Config, data_fingerprints: Sequence[str]) -> Iterator[None]:
    """Makes `run` the directory of this experiment, or checks that it already is, and keeps other processes out.

    Args:
        run: the directory; created when absent.
        config: the experiment.
        data_fingerprints: fingerprints of the datasets, in order.

    Raises:
        UserError: the directory belongs to another experiment (every difference is listed) or another process, holds
            something else, or cannot be written.
    """
    found = {path.name for path in run.iterdir()} if run.is_dir() else set()
    # A run that was killed at its very start has left its lock alone.
    if (run.exists() and not run.is_dir()) or (found - {LOCK_FILE} and CONFIG_FILE not in found):
        raise UserError(f"{run} is not empty and not a run directory; choose another --run")
    with contextlib.ExitStack() as stack:
        try:
            run.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(run / LOCK_FILE))
        except BlockingIOError:
            raise UserError(f"another process trains in {run}; wait for it, or choose another --run") from None
        except OSError as error:
            raise _unwritable(run, error) from error
        _claim(run, {"config": to_dict(config), "data": list(data_fingerprints)})
        yield


def _claim(run: Path, wanted: dict[str, Any]) -> None:
    path = run / CONFIG_FILE
    if path.is_file():
        found = _read_json(path)
        different = differences(_essential(found), _essential(wanted))
        if different:
            raise UserError(
                f"{run} belongs to another configuration ({'; '.join(different)}); "
                "repeat its command to go on, or choose another --run"
            )
        return
    try:
        write_json(path, wanted)
    except OSError as error:
        raise _unwritable(run, error) from error


def _unwritable(run: Path, error: OSError) -> UserError:
    return UserError(f"{run} cannot be written ({error.strerror}); change its permissions, or choose another --run")


def finished_summary(run: Path) -> dict[str, Any] | None:
    """`summary.json` of a run that is complete and has its encoder, or None."""
    path = run / SUMMARY_FILE
    return _read_json(path) if path.is_file() and (run / ENCODER_FILE).is_file() else None


def last_metrics(run: Path) -> dict[str, Any]:
    """The last line of `metrics.jsonl`.

    Raises:
        UserError: there is none.
    """
    path = run / METRICS_FILE
    try:
        line: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{path} is missing or damaged ({error}); choose another --run") from error
    return line


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); choose another --run") from error
    return content


def _essential(record: dict[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in record.get("config", {}).items() if key not in MAY_CHANGE}
    return {**config, "data": record.get("data")}


def trim_metrics(path: Path, last_step: int) -> None:
    """Drops lines of `metrics.jsonl` past `last_step`, and a line that was cut off, before the run goes on."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= last_step:
                kept.append(line + "\n")
        except (ValueError, KeyError):
            break
    write_atomically(path, "".join(kept))
