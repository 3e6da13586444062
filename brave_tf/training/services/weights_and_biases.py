"""A run at Weights & Biases, or in its files for later (`WANDB_MODE=offline`)."""

import importlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brave_tf.storage import is_remote
from brave_tf.training.services.service import Ending, ServiceRun, set_defaults

PROJECT = "brave_tf"
"""Where runs go unless WANDB_PROJECT says otherwise."""
# Silent, it asks nobody for a key: a run in the background has no terminal.
_ENVIRONMENT = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
_SETTINGS = {
    "console": "off",
    "host": "",
    "disable_code": True,
    "disable_git": True,
    "save_code": False,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
    "init_timeout": 60.0,
    "finish_timeout": 30.0,
}
"""The record of the run alone is sent: no code, no output, not the name of the machine. Nobody waits for long."""


class WandbRun:
    """See `Service`. A figure that was sent cannot change there, and steps only rise.

    Online, the service says which step it expects next. Its files have no memory: a run that goes on writes new ones
    with all steps, which take the place of the old ones.

    Args:
        run: the run.
    """

    def __init__(self, run: ServiceRun):
        set_defaults(_ENVIRONMENT)
        wandb = importlib.import_module("wandb")
        known = {name: value for name, value in _SETTINGS.items() if name in wandb.Settings.model_fields}
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            id=run.log_id,
            name=os.environ.get("WANDB_NAME", run.folder.name),
            config=dict(run.settings),
            dir=None if "WANDB_DIR" in os.environ or is_remote(run.folder) else str(run.folder),
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(**known, allow_val_change=True),
        )
        self._next_step = 0 if self._run.offline else self._run.starting_step
        if self._run.offline:
            _remove_earlier(Path(self._run.dir).parent, run.log_id)
        self.place = self._run.url or str(Path(self._run.dir).parent)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds the figures of a step that is past those that are there."""
        if step >= self._next_step:
            self._run.log(dict(values), step=step, commit=True)
            self._next_step = step + 1

    def close(self, ending: Ending) -> None:
        """Waits until everything is sent, for half a minute at most."""
        self._run.finish(exit_code=0 if ending == "finished" else 1)


def _remove_earlier(mine: Path, log_id: Any) -> None:
    for folder in mine.parent.glob(f"offline-run-*-{log_id}"):
        if folder != mine:
            shutil.rmtree(folder)
