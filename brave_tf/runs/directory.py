"""A run directory: whose it is, what may change when its run goes on, and what is written at the end."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.config import Config
from brave_tf.config.values import differences, from_dict, to_dict
from brave_tf.errors import UserError
from brave_tf.files import locked, write_json
from brave_tf.runs.json_files import read_object
from brave_tf.runs.metrics import read_metrics
from brave_tf.runs.paths import CONFIG_FILE, DIAGNOSIS_FILE, ENCODER_FILE, LOCK_FILE, METRICS_FILE, SUMMARY_FILE

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
    names = {path.name for path in run.iterdir()} if run.is_dir() else set()
    # A run that was killed at its very start has left its lock alone.
    if (run.exists() and not run.is_dir()) or (names - {LOCK_FILE} and CONFIG_FILE not in names):
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
    before = read_object(path) if path.is_file() else None
    if before is not None:
        different = differences(_essential(before), _essential(wanted))
        if different:
            raise UserError(
                f"{run} belongs to another configuration ({'; '.join(different)}); "
                "repeat its command to go on, or choose another --run"
            )
    # A finished run keeps the settings that it was made with.
    if before == wanted or finished_summary(run) is not None:
        return
    try:
        write_json(path, wanted)
    except OSError as error:
        raise _unwritable(run, error) from error


def _unwritable(run: Path, error: OSError) -> UserError:
    return UserError(f"{run} cannot be written ({error.strerror}); change its permissions, or choose another --run")


def read_config(run: Path) -> Config:
    """The experiment of a run.

    Raises:
        UserError: there is no run, or another version wrote its configuration.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        raise UserError(f"{run} holds no {CONFIG_FILE}; expected a run directory, which holds its checkpoints")
    values = read_object(path).get("config")
    try:
        return from_dict(values if isinstance(values, dict) else {})
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def finished_summary(run: Path) -> dict[str, Any] | None:
    """`summary.json` of a run that is complete and has its encoder, or None."""
    path = run / SUMMARY_FILE
    return read_object(path) if path.is_file() and (run / ENCODER_FILE).is_file() else None


def write_summary(run: Path, summary: Mapping[str, Any]) -> None:
    """Writes `summary.json`, which says that the run is complete.

    Raises:
        OSError: it cannot be written.
    """
    write_json(run / SUMMARY_FILE, summary)


def write_diagnosis(run: Path, diagnosis: Mapping[str, Any]) -> Path:
    """Writes why a run was stopped; returns the file.

    Raises:
        OSError: it cannot be written.
    """
    run.mkdir(parents=True, exist_ok=True)
    write_json(run / DIAGNOSIS_FILE, diagnosis)
    return run / DIAGNOSIS_FILE


def remove_diagnosis(run: Path) -> None:
    """Forgets an earlier diagnosis: the run goes on."""
    (run / DIAGNOSIS_FILE).unlink(missing_ok=True)


def last_loss(run: Path) -> float:
    """The loss on the last line of the metrics.

    Raises:
        UserError: there is none.
    """
    lines = read_metrics(run).lines
    if not lines or "loss" not in lines[-1]:
        raise UserError(f"{run / METRICS_FILE} holds no loss; expected the metrics of a run; choose another --run")
    return float(lines[-1]["loss"])


def _essential(record: Mapping[str, Any]) -> dict[str, Any]:
    config = {key: value for key, value in record.get("config", {}).items() if key not in MAY_CHANGE}
    return {**config, "data": record.get("data")}
