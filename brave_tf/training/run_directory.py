"""A run directory: its configuration, its checkpoints, and going on where it stopped."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from brave_tf.config import Config
from brave_tf.config_values import differences, to_dict
from brave_tf.errors import UserError
from brave_tf.files import write_atomically, write_json
from brave_tf.models.encoder import ENCODER_FILE

CONFIG_FILE = "config.json"
SUMMARY_FILE = "summary.json"
METRICS_FILE = "metrics.jsonl"
MAY_CHANGE = ("checkpoint_every", "keep_checkpoints", "log_every")
"""Keys that do not influence the result, so that they may differ when a run goes on."""


def claim(run: Path, config: Config, data_fingerprints: Sequence[str]) -> None:
    """Makes `run` the directory of this experiment, or checks that it already is.

    Args:
        run: the directory; created when absent.
        config: the experiment.
        data_fingerprints: fingerprints of the datasets, in order.

    Raises:
        UserError: the directory belongs to another experiment (every difference is listed), or holds something else.
    """
    wanted = {"config": to_dict(config), "data": list(data_fingerprints)}
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
    if run.is_dir() and any(run.iterdir()):
        raise UserError(f"{run} is not empty and not a run directory; choose another --run")
    try:
        run.mkdir(parents=True, exist_ok=True)
        write_json(path, wanted)
    except OSError as error:
        raise UserError(f"{run} cannot be written ({error.strerror}); choose another --run") from error


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


class Checkpoints:
    """Checkpoints of a model and its optimizer.

    Args:
        run: the run directory.
        model: a compiled model; its optimizer is built if it is not yet.
        keep: newest checkpoints that are kept.
    """

    def __init__(self, run: Path, model: Any, keep: int):
        model.optimizer.build(model.trainable_variables)
        self._iterations = model.optimizer.iterations
        variables = [variable.value for variable in [*model.weights, *model.optimizer.variables]]
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(variables=variables), str(run / "checkpoints"), max_to_keep=keep
        )

    def restore(self) -> int:
        """Restores the newest checkpoint, if there is one; returns the number of finished steps."""
        newest = self._manager.latest_checkpoint
        if newest is not None:
            self._manager.checkpoint.restore(newest).assert_consumed()
        return self.step

    @property
    def step(self) -> int:
        """Finished steps."""
        return int(self._iterations.numpy())

    def save(self) -> None:
        """Writes a checkpoint of the current step, unless it exists."""
        if not str(self._manager.latest_checkpoint).endswith(f"-{self.step}"):
            self._manager.save(checkpoint_number=self.step)


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
