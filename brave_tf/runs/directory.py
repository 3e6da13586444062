"""A run directory: whose it is, what may change when its run goes on, and what is written at the end."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brave_tf.config import Config
from brave_tf.config.values import differences, first_of, from_dict, to_dict
from brave_tf.errors import UserError
from brave_tf.files import is_partial, locked, write_json
from brave_tf.progress import note
from brave_tf.runs.json_files import read_object
from brave_tf.runs.metrics import is_step, read_metrics, trim_metrics
from brave_tf.runs.ownership import Ownership
from brave_tf.runs.paths import (
    CONFIG_FILE,
    DIAGNOSIS_FILE,
    ENCODER_FILE,
    LOCK_FILE,
    METRICS_FILE,
    SUMMARY_FILE,
    checkpoint_steps,
)
from brave_tf.storage import RemotePath, is_remote

MAY_CHANGE = ("checkpoint_every", "keep_checkpoints", "log_every", "monitor")
"""Keys that do not influence the result, so that they may differ when a run goes on."""
DATA_PLACES = "data_places"
"""In `config.json`: see `data_places`."""
EARLIER_STEPS = "earlier_steps"
"""In `config.json` and `summary.json`: see `earlier_steps`."""


@contextlib.contextmanager
def claimed(
    run: Path, config: Config, data_fingerprints: Sequence[str], data_places: Sequence[str | Path] = ()
) -> Iterator[Callable[[], None]]:
    """Makes `run` the directory of this experiment, or checks that it already is, and keeps other processes out.

    Storage elsewhere has no locks: there the process that comes last has the directory, and an earlier one is told so
    when it looks.

    The settings in `MAY_CHANGE` are written down anew when the run goes on. `steps` may change too, to no fewer than it
    has trained: a finished run counts as unfinished from then on.

    Args:
        run: the directory; created when absent.
        config: the experiment.
        data_fingerprints: fingerprints of the datasets, in order.
        data_places: where they are, for `data_places`.

    Yields:
        Looks whether the directory is still this process's, and raises `UserError` if it is not; to be called before
        something is written.

    Raises:
        UserError: the directory belongs to another experiment (every difference is listed) or another process, has
            trained more steps than the experiment has, holds something else, or cannot be written.
    """
    wanted: dict[str, Any] = {"config": to_dict(config), "data": list(data_fingerprints)}
    if data_places:
        wanted[DATA_PLACES] = [_whole_place(place) for place in data_places]
    with contextlib.ExitStack() as stack:
        try:
            _check_place(run)
            run.mkdir(parents=True, exist_ok=True)
            check = _owned(run, wanted, stack)
        except BlockingIOError:
            raise UserError(f"another process trains in {run}; wait for it, or choose another --run") from None
        except OSError as error:
            raise _unwritable(run, error) from error
        try:
            _claim(run, wanted)
        except OSError as error:
            raise _unwritable(run, error) from error
        yield check


def _check_place(run: Path) -> None:
    # A run that was killed at its very start has left its lock alone, or half of its first file with it.
    names = {path.name for path in run.iterdir() if not is_partial(path)} if run.is_dir() else set()
    if (run.exists() and not run.is_dir()) or (names - {LOCK_FILE} and CONFIG_FILE not in names):
        raise UserError(f"{run} is not empty and not a run directory; choose another --run")


def _owned(run: Path, wanted: dict[str, Any], stack: contextlib.ExitStack) -> Callable[[], None]:
    if isinstance(run, RemotePath):
        # Who is refused must not end the process that trains there.
        _check_same(run, wanted)
        return Ownership(run / LOCK_FILE).check
    stack.enter_context(locked(run / LOCK_FILE))
    return lambda: None  # Nobody else can have it meanwhile.


def _claim(run: Path, wanted: dict[str, Any]) -> None:
    path = run / CONFIG_FILE
    before = _check_same(run, wanted)
    if before is None:
        write_json(path, wanted)
        return
    old, new = before["config"].get("steps"), wanted["config"]["steps"]
    if earlier := earlier_steps(run) + ([old] if old != new else []):
        wanted = {**wanted, EARLIER_STEPS: earlier}
    if old != new:
        trim_metrics(run, new)
        note(
            f"{run} goes on to {new:,} steps instead of {old:,}: from here on the learning rate is that of a run of "
            f"{new:,} steps; an undisturbed run of that length would end with other weights"
        )
    # A finished run keeps the settings that it was made with.
    elif finished_summary(run) is not None:
        return
    if before != wanted:
        write_json(path, wanted)


def _check_same(run: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """What `config.json` holds, None if it is not there yet; raises `UserError` if it does not fit what is wanted."""
    path = run / CONFIG_FILE
    if not path.is_file():
        return None
    before = read_object(path)
    different = differences(_essential(before), _essential(wanted))
    if different:
        raise UserError(
            f"{run} belongs to another configuration ({first_of(different)}); "
            "repeat its command to go on, or choose another --run"
        )
    if before["config"].get("steps") != wanted["config"]["steps"]:
        _check_steps(run, wanted["config"]["steps"])
    return before


def _check_steps(run: Path, steps: int) -> None:
    path = run / SUMMARY_FILE
    finished = read_object(path).get("steps") if path.is_file() else None
    saved = max(checkpoint_steps(run), default=0)
    if isinstance(finished, int) and finished > saved:
        raise UserError(
            f"received steps={steps} for {run}, which has finished {finished:,} steps and has no checkpoint of them "
            "any more; expected the steps that it has; choose another --run to train longer"
        )
    if steps < saved:
        raise UserError(
            f"received steps={steps} for {run}, which has trained {saved:,} steps; expected at least as many; "
            "choose another --run for a shorter one"
        )


def earlier_steps(run: Path) -> list[int]:
    """How many steps a run was meant to have before they were changed, the first number first."""
    steps = read_object(run / CONFIG_FILE).get(EARLIER_STEPS, [])
    return [each for each in steps if is_step(each)] if isinstance(steps, list) else []


def data_places(run: Path) -> list[str]:
    """Where the datasets of a run were when it was last started; empty if it does not say."""
    places = read_object(run / CONFIG_FILE).get(DATA_PLACES, [])
    return [str(place) for place in places] if isinstance(places, list) else []


def _whole_place(place: str | Path) -> str:
    """A place that means the same from any working directory; names of TensorFlow Datasets stay as they are."""
    is_name = is_remote(place) or str(place).startswith("tfds:")
    return str(place) if is_name else os.path.abspath(place)


def _unwritable(run: Path, error: OSError) -> UserError:
    return UserError(
        f"{run} cannot be written ({error.strerror}); free some space, change its permissions, or choose another --run"
    )


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
    """`summary.json` of a run that is complete and has its encoder; None also while a finished run is made longer."""
    path = run / SUMMARY_FILE
    if not path.is_file() or not (run / ENCODER_FILE).is_file():
        return None
    summary = read_object(path)
    config = read_object(run / CONFIG_FILE).get("config", {})
    return summary if is_of(summary, config.get("steps")) else None


def is_of(summary: Mapping[str, Any], steps: int) -> bool:
    """Whether a summary is that of a run of `steps` steps, and not of a shorter one that goes on now."""
    return summary.get("steps", steps) == steps


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
    settings = record.get("config") or {}
    # A run of before a setting existed has its default. What cannot be read is compared as it is.
    with contextlib.suppress(UserError):
        settings = to_dict(from_dict(settings))
    changeable = (*MAY_CHANGE, "steps")
    config = {key: value for key, value in settings.items() if key not in changeable}
    return {**config, "data": record.get("data")}
