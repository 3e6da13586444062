"""The metrics of a run on storage elsewhere: when they are sent, and by whom."""

import keras
import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.runs.metrics import read_metrics
from brave_tf.training import MetricsWriter, callbacks
from tests.storage.elsewhere import failing, new_place

CONFIG = override(presets.get("tiny-va"), ["log_every=1", "batch_size=2", "steps=4"])


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(optimizer="sgd", loss="mse", jit_compile=False)
    return model


@pytest.fixture
def fit(model):
    """Trains for four steps."""

    def fit(*others):
        model.optimizer.iterations.assign(0)
        inputs = np.ones([8, 3], np.float32)
        model.fit(inputs, inputs[:, :2], batch_size=2, verbose=0, callbacks=list(others))

    return fit


class Look(keras.callbacks.Callback):
    """Notes after each step which lines and how many bytes for TensorBoard are there."""

    def __init__(self, run):
        super().__init__()
        self._run = run
        self.lines, self.bytes = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.lines.append([line["step"] for line in read_metrics(self._run).lines])
        self.bytes.append(sum(file.stat().st_size for file in (self._run / "tensorboard").glob("events*")))


def test_here_every_line_is_there_at_once(fit, tmp_path):
    look = Look(tmp_path)
    fit(MetricsWriter(tmp_path, CONFIG), look)
    assert look.lines == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
    assert sorted(set(look.bytes)) == look.bytes


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]), (1e9, [[]] * 4)])
def test_elsewhere_lines_are_sent_now_and_then_and_at_the_end(fit, monkeypatch, seconds, expected):
    monkeypatch.setattr(callbacks, "FLUSH_SECONDS", seconds)
    run = new_place()
    look = Look(run)
    fit(MetricsWriter(run, CONFIG), look)
    assert look.lines == expected and (len(set(look.bytes)) == 4) == (seconds == 0)
    look.on_train_batch_end(4)
    assert look.lines[-1] == [1, 2, 3, 4] and look.bytes[-1] > look.bytes[0]


def test_nothing_is_sent_when_the_run_is_no_longer_ones_own(fit):
    run = new_place()

    def check():
        raise UserError("another process has it")

    writer = MetricsWriter(run, CONFIG, check)
    with pytest.raises(UserError, match="another process has it"):
        fit(writer)
    assert read_metrics(run).lines == ()
    writer.flush()


def test_what_cannot_be_sent_is_one_line_and_not_tried_twice(fit):
    run = new_place()
    writer = MetricsWriter(run, CONFIG)
    with (
        failing(lambda name, path: name == "write" and path.endswith("metrics.jsonl")) as failed,
        pytest.raises(UserError, match=r"metrics of step 4 cannot be written to ram://.* \(the service is busy; given"),
    ):
        fit(writer)
    tries = len(failed)
    with failing(lambda name, path: True) as failed:
        writer.flush()
    assert tries == 5 and not failed
