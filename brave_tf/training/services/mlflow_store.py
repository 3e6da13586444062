"""A run at an MLflow server, or in a local store of MLflow."""

import importlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from brave_tf.training.services.service import Ending, ServiceRun, set_defaults, without_credentials

EXPERIMENT = "brave_tf"
"""Where runs go unless MLFLOW_EXPERIMENT_NAME says otherwise."""
TAG = "brave_tf.log_id"
"""By this tag a run that goes on is found."""
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # The defaults are 7 and 120: a server that is away would keep everybody for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
_STATUS: Mapping[Ending, str] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_PARAMETERS_AT_ONCE = 100


class MLflowRun:
    """See `Service`. MLflow keeps whatever it gets, twice too: what is there is looked up before anything is added.

    Args:
        run: the run.
    """

    def __init__(self, run: ServiceRun):
        set_defaults(_ENVIRONMENT)
        mlflow = importlib.import_module("mlflow")
        self._entities = importlib.import_module("mlflow.entities")
        self._client = mlflow.MlflowClient()
        experiment = _experiment(self._client)
        name = run.folder.name
        found = self._client.search_runs([experiment], f"tags.`{TAG}` = '{run.log_id}'", max_results=1)
        mine = found[0] if found else self._client.create_run(experiment, tags={TAG: run.log_id}, run_name=name)
        self._run_id = mine.info.run_id
        if found:
            self._client.update_run(self._run_id, status="RUNNING")
        self._is_known = bool(found)
        self._steps: dict[str, set[int]] = {}
        self._tell(dict(_flat(run.settings)), mine.data.params)
        self.place = f"run {name} at {without_credentials(mlflow.get_tracking_uri())}"

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Adds the figures of a step, but for those that are there."""
        now = int(time.time() * 1000)
        missing = [
            self._entities.Metric(name, value, now, step)
            for name, value in values.items()
            if step not in self._steps_of(name)
        ]
        try:
            if missing:
                self._client.log_batch(self._run_id, metrics=missing)
        except Exception:
            # Nobody knows how much of it has arrived.
            self._is_known, self._steps = True, {}
            raise

    def close(self, ending: Ending) -> None:
        """Sets the run's status."""
        self._client.set_terminated(self._run_id, _STATUS[ending])

    def _steps_of(self, name: str) -> set[int]:
        if not self._is_known:
            return set()
        if name not in self._steps:
            self._steps[name] = {entry.step for entry in self._client.get_metric_history(self._run_id, name)}
        return self._steps[name]

    def _tell(self, settings: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Writes the settings down; as parameters of MLflow never change, those that do become tags."""
        new = [self._entities.Param(name, value) for name, value in settings.items() if name not in known]
        for first in range(0, len(new), _PARAMETERS_AT_ONCE):
            self._client.log_batch(self._run_id, params=new[first : first + _PARAMETERS_AT_ONCE])
        for name, value in settings.items():
            if known.get(name, value) != value:
                self._client.set_tag(self._run_id, name, value)


def _experiment(client: Any) -> str:
    if "MLFLOW_EXPERIMENT_ID" in os.environ:
        return os.environ["MLFLOW_EXPERIMENT_ID"]
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except Exception:
            # Another run may have made it at the same moment.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value if isinstance(value, str) and value else json.dumps(value)
