"""Metrics on their way to services: each step once, and the training is what it is without them."""

import importlib
import json
import sys
import threading
import types

import keras
import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.runs.metrics import read_metrics
from brave_tf.training import MetricsWriter, RunLogger, run_logger, services
from brave_tf.training.services import feed, mlflow_store, weights_and_biases
from brave_tf.training.services.service import ServiceRun, without_credentials

CONFIG = override(presets.get("tiny-va"), ["log_every=2", "batch_size=2", "steps=8"])
TIMES = {"clips_per_second", "input_wait_share", "input_cpu_seconds_per_clip", "memory_gib"}


class Store:
    """A service in memory: what it has outlives the process that sent it."""

    def __init__(self, failures=0):
        self.opened, self.lines, self.endings, self.failures = [], [], [], failures

    def __call__(self, run):
        self.opened.append(run)
        self.place = "memory"
        return self

    def add(self, step, values):
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no route to https://me:secret@host/")
        if step not in self.steps():
            self.lines.append((step, values))

    def close(self, ending):
        self.endings.append(ending)

    def steps(self):
        return [step for step, _ in self.lines]


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones")])
    model.compile(optimizer="sgd", loss="mse", jit_compile=False)
    return model


@pytest.fixture
def fit(model, monkeypatch, tmp_path):
    """Trains from a step to another with a logger, and returns the weights."""
    monkeypatch.setattr(run_logger, "usable_services", list)

    def fit(store, first=0, last=8, run=tmp_path):
        monkeypatch.setattr(run_logger, "opener", lambda service: store)
        if first == 0:
            model.set_weights([np.ones([3, 2]), np.zeros(2)])
        model.optimizer.iterations.assign(first)
        inputs = np.ones([2 * (last - first), 3], np.float32)
        metrics = MetricsWriter(run, CONFIG)
        loggers = [] if store is None else [RunLogger("mlflow", run, metrics, {"seed": 3})]
        model.fit(inputs, inputs[:, :2], batch_size=2, verbose=0, shuffle=False, callbacks=[metrics, *loggers])
        return model.get_weights()

    return fit


def numbers(run):
    """The lines of a run without their lists and words."""
    return [
        (line["step"], {name: value for name, value in line.items() if isinstance(value, float)})
        for line in read_metrics(run).lines
    ]


def test_a_service_gets_the_numbers_of_the_runs_own_record(fit, tmp_path):
    store = Store()
    fit(store)
    assert store.lines == numbers(tmp_path) and store.steps() == [2, 4, 6, 8]
    assert store.endings == ["finished"] and len(store.lines[0][1]) > 4
    (told,) = store.opened
    assert told.folder == tmp_path and told.settings == {"seed": 3}


def test_a_run_that_goes_on_is_the_same_one_and_has_each_step_once(fit, tmp_path):
    store = Store()
    fit(store, 0, 6)
    # Killed after step 6, it goes on from a checkpoint of step 3.
    fit(store, 3, 8)
    assert store.steps() == [2, 4, 6, 8]
    assert len({each.log_id for each in store.opened}) == 1
    assert json.loads((tmp_path / "log_id.json").read_text()) == {"log_id": store.opened[0].log_id}


def test_a_service_that_comes_late_gets_the_earlier_lines_too(fit):
    fit(None, 0, 4)
    store = Store()
    fit(store, 4, 8)
    assert store.steps() == [2, 4, 6, 8]


def test_weights_and_record_are_those_of_a_run_without_services(fit, tmp_path):
    alone = fit(None, run=tmp_path / "alone")
    watched = fit(Store(failures=2), run=tmp_path / "watched")
    for one, other in zip(alone, watched, strict=True):
        np.testing.assert_array_equal(one, other)
    lines = [
        [
            {name: value for name, value in line.items() if name not in TIMES}
            for line in read_metrics(tmp_path / run).lines
        ]
        for run in ("alone", "watched")
    ]
    assert lines[0] == lines[1] and len(lines[0]) == 4


def test_what_could_not_be_sent_comes_with_the_next_line_after_one_warning(fit, capsys):
    store = Store(failures=2)
    fit(store)
    said = capsys.readouterr().err
    assert store.steps() == [2, 4, 6, 8]
    assert said.count("warning:") == 1 and "mlflow does not take the metrics (no route to https://host/)" in said
    assert "did not reach" not in said


def test_what_never_arrives_is_counted(fit, capsys):
    fit(Store(failures=99))
    said = capsys.readouterr().err
    assert said.count("warning:") == 1 and "4 of 4 lines of metrics did not reach mlflow" in said


def test_a_long_reason_is_cut_after_its_credentials_are_gone(fit, capsys):
    def refuse(run):
        raise ConnectionError(f"{'x' * 185} https://me:secret@host/")

    fit(refuse)
    said = capsys.readouterr().err
    assert "xxx https://host/)" in said and "me:" not in said


def test_a_service_that_cannot_be_opened_stops_nothing(fit, tmp_path, capsys):
    def refuse(run):
        raise PermissionError("not logged in")

    fit(refuse)
    said = capsys.readouterr().err
    assert len(numbers(tmp_path)) == 4
    assert said.count("not logged in") == 1 and "4 of 4 lines" in said


def test_nobody_waits_long_for_a_service_that_hangs(fit, monkeypatch, capsys):
    monkeypatch.setattr(feed, "CLOSE_SECONDS", 0.05)
    answer = threading.Event()
    store = Store()
    monkeypatch.setattr(store, "add", lambda step, values: answer.wait())
    fit(store)
    assert "4 of 4 lines" in capsys.readouterr().err
    answer.set()


@pytest.mark.parametrize(
    ("error", "ending"), [(None, "finished"), (ValueError(), "failed"), (KeyboardInterrupt(), "stopped")]
)
def test_a_service_is_told_how_the_training_ended(fit, monkeypatch, tmp_path, model, error, ending):
    store = Store()
    monkeypatch.setattr(run_logger, "opener", lambda service: store)
    metrics = MetricsWriter(tmp_path, CONFIG)
    logger = RunLogger("mlflow", tmp_path, metrics, {})
    logger.set_model(model)
    metrics.set_model(model)
    try:
        with logger:
            metrics.on_train_begin()
            logger.on_train_begin()
            if error is not None:
                raise error
            logger.on_train_end()
    except (ValueError, KeyboardInterrupt):
        pass
    assert store.endings == [ending]


def test_of_several_workers_the_first_sends(fit, monkeypatch):
    store = Store()
    monkeypatch.setattr(run_logger, "is_chief", lambda strategy: False)
    fit(store)
    assert not store.opened and not store.lines


def test_a_run_with_nothing_left_to_train_sends_what_is_missing(fit, tmp_path, monkeypatch):
    fit(None)
    store = Store()
    monkeypatch.setattr(run_logger, "opener", lambda service: store)
    run_logger.send_record("mlflow", tmp_path, {}, 6)
    assert store.steps() == [2, 4, 6] and store.endings == ["finished"]


@pytest.mark.parametrize("found", [None, types.SimpleNamespace(origin=None)], ids=["absent", "a folder of that name"])
def test_a_missing_package_is_one_line_that_names_the_extra(monkeypatch, found):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    with pytest.raises(UserError, match=r'wandb is not installed: pip install "brave_tf\[wandb\]"'):
        services.usable_services(["tensorboard", "wandb"])
    assert services.usable_services(["tensorboard"]) == []


def test_an_unknown_word_is_told_with_the_known_ones():
    with pytest.raises(UserError, match="received log=comet; expected one of tensorboard, wandb, mlflow"):
        services.usable_services(["comet"])


def test_credentials_in_addresses_are_not_shown():
    assert without_credentials("at https://me:pa@ss@host/x, me@host") == "at https://host/x, me@host"
    assert without_credentials("sqlite:////home/a@b/mlflow.db") == "sqlite:////home/a@b/mlflow.db"


class Wandb(types.ModuleType):
    """A stand-in for the package `wandb`: a service that expects a step next, or files."""

    def __init__(self, folder, offline, starting_step=0):
        super().__init__("wandb")
        self.Settings = type("Settings", (types.SimpleNamespace,), {"model_fields": {"console"}})
        self.asked, self.rows, self.finished = {}, {}, []
        self.offline, self.starting_step, self.url = offline, starting_step, None if offline else "https://host/run"
        self.dir = str(folder / "wandb" / "offline-run-2-abc" / "files")

    def init(self, **asked):
        self.asked = asked
        return self

    def log(self, values, step, commit):
        assert commit and step not in self.rows
        self.rows[step] = values

    def finish(self, exit_code):
        self.finished.append(exit_code)


@pytest.fixture
def wandb_run(monkeypatch, tmp_path):
    for name in weights_and_biases._ENVIRONMENT:
        monkeypatch.setenv(name, "from a test")

    def wandb_run(**how):
        wandb = Wandb(tmp_path, **how)
        monkeypatch.setitem(sys.modules, "wandb", wandb)
        return wandb, weights_and_biases.WandbRun(ServiceRun("abc", tmp_path, {"seed": 3}))

    return wandb_run


def test_wandb_goes_on_where_the_service_is(wandb_run):
    wandb, run = wandb_run(offline=False, starting_step=5)
    for step in (4, 5, 6):
        run.add(step, {"loss": 1.0})
    run.close("stopped")
    assert list(wandb.rows) == [5, 6] and wandb.finished == [1] and run.place == "https://host/run"
    assert wandb.asked["id"] == "abc" and wandb.asked["resume"] == "allow" and wandb.asked["config"] == {"seed": 3}
    assert wandb.asked["settings"].console == "off" and not hasattr(wandb.asked["settings"], "disable_git")


def test_files_of_wandb_take_the_place_of_those_of_an_interrupted_run(wandb_run, tmp_path):
    for name in ("offline-run-1-abc", "offline-run-1-other", "offline-run-2-abc"):
        (tmp_path / "wandb" / name / "files").mkdir(parents=True)
    wandb, run = wandb_run(offline=True, starting_step=5)
    for step in (4, 5):
        run.add(step, {"loss": 1.0})
    assert list(wandb.rows) == [4, 5]
    assert sorted(path.name for path in (tmp_path / "wandb").iterdir()) == ["offline-run-1-other", "offline-run-2-abc"]
    assert run.place.endswith("offline-run-2-abc") and wandb.asked["dir"] == str(tmp_path)


class MLflow(types.ModuleType):
    """A stand-in for the package `mlflow` with a store that, like MLflow's, keeps what it gets twice."""

    def __init__(self):
        super().__init__("mlflow")
        self.runs, self.metrics, self.status, self.tags = [], [], [], {}
        self.failures_after_writing = 0
        self.Metric = lambda key, value, timestamp, step: types.SimpleNamespace(key=key, value=value, step=step)
        self.Param = lambda key, value: types.SimpleNamespace(key=key, value=value)

    def MlflowClient(self):  # noqa: N802
        return self

    def get_tracking_uri(self):
        return "https://me:secret@host"

    def get_experiment_by_name(self, name):
        return None

    def create_experiment(self, name):
        return "1"

    def search_runs(self, experiments, words, max_results):
        return [run for run in self.runs if f"'{run.tag}'" in words]

    def create_run(self, experiment, tags, run_name):
        info, data = types.SimpleNamespace(run_id="r"), types.SimpleNamespace(params={})
        self.runs.append(types.SimpleNamespace(tag=tags[mlflow_store.TAG], info=info, data=data))
        return self.runs[-1]

    def update_run(self, run_id, status):
        self.status.append(status)

    def set_terminated(self, run_id, status):
        self.status.append(status)

    def set_tag(self, run_id, name, value):
        self.tags[name] = value

    def log_batch(self, run_id, metrics=(), params=()):
        assert len(params) <= 100
        self.runs[0].data.params.update({each.key: each.value for each in params})
        self.metrics += metrics
        if metrics and self.failures_after_writing:
            self.failures_after_writing -= 1
            raise TimeoutError("no answer")

    def get_metric_history(self, run_id, name):
        return [each for each in self.metrics if each.key == name]

    def entries(self):
        return [(each.key, each.step) for each in self.metrics]


@pytest.fixture
def store(monkeypatch):
    mlflow = MLflow()
    for name in mlflow_store._ENVIRONMENT:
        monkeypatch.setenv(name, "from a test")
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("mlflow", "mlflow.entities"):
        monkeypatch.setitem(sys.modules, name, mlflow)
    return mlflow


def mlflow_run(folder, **settings):
    return mlflow_store.MLflowRun(ServiceRun("abc", folder, settings))


def test_mlflow_gets_what_it_lacks_and_nothing_twice(store, tmp_path):
    first = mlflow_run(tmp_path)
    first.add(2, {"loss": 1.0, "rank": 2.0})
    # A kill in the middle of a line.
    first.add(4, {"loss": 1.0})
    second = mlflow_run(tmp_path)
    for step in (2, 4, 6):
        second.add(step, {"loss": 1.0, "rank": 2.0})
    second.close("finished")
    assert store.entries() == [("loss", 2), ("rank", 2), ("loss", 4), ("rank", 4), ("loss", 6), ("rank", 6)]
    assert len(store.runs) == 1 and store.status == ["RUNNING", "FINISHED"]
    assert second.place == f"run {tmp_path.name} at https://host"


def test_a_line_of_which_nobody_knows_whether_it_arrived_is_looked_up(store, tmp_path):
    run = mlflow_run(tmp_path)
    store.failures_after_writing = 1
    with pytest.raises(TimeoutError):
        run.add(2, {"loss": 1.0})
    run.add(2, {"loss": 1.0})
    run.add(4, {"loss": 1.0})
    assert store.entries() == [("loss", 2), ("loss", 4)]


def test_settings_are_parameters_and_those_that_change_become_tags(store, tmp_path):
    mlflow_run(tmp_path, steps=8, narrow={"size": 64, "name": ""}, broad={f"key{n}": n for n in range(150)})
    params = store.runs[0].data.params
    assert params["narrow.size"] == "64" and params["narrow.name"] == '""' and params["broad.key149"] == "149"
    mlflow_run(tmp_path, steps=9, narrow={"size": 64}, later=True)
    assert params["steps"] == "8" and store.tags == {"steps": "9"} and params["later"] == "true"
