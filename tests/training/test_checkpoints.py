"""Checkpoints: whole or absent, and what happens when one is damaged or cannot be written."""

import errno
import os
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.training.checkpoints import Checkpoints


def make(seed=0):
    """A model with momentum, so that the optimizer has a state."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    return model


def train(model, steps=1):
    inputs = np.random.default_rng(int(model.optimizer.iterations.numpy())).random((4, 3), dtype="float32")
    for _ in range(steps):
        model.train_on_batch(inputs, inputs[:, :2])


def state(model):
    return [variable.numpy() for variable in [*model.weights, *model.optimizer.variables]]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def run(tmp_path):
    """A run with checkpoints of steps 2 and 3, and the model's state at each."""
    model = make()
    checkpoints = Checkpoints(tmp_path, model, keep=2)
    states = {}
    for _ in range(3):
        train(model)
        checkpoints.save()
        states[checkpoints.step] = state(model)
    return tmp_path, states


def damage(folder, name, how):
    file = folder / "checkpoints" / "step-00000003" / name
    if how == "removed":
        file.unlink()
    elif how == "cut":
        os.truncate(file, file.stat().st_size // 2)
    elif how == "empty":
        os.truncate(file, 0)
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)


def test_a_checkpoint_brings_back_weights_and_optimizer(run):
    folder, states = run
    model = make(seed=1)
    assert not same(state(model), states[3])
    assert Checkpoints(folder, model).restore() == 3
    assert same(state(model), states[3])


def test_only_the_newest_are_kept(run):
    folder, _ = run
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["step-00000002", "step-00000003"]


def test_without_checkpoints_the_run_begins(tmp_path):
    assert Checkpoints(tmp_path, make()).restore() == 0


@pytest.mark.parametrize("how", ["removed", "cut", "empty", "flipped"])
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(run, name, how, capsys):
    folder, states = run
    damage(folder, name, how)
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=2)
    assert checkpoints.restore() == 2
    assert same(state(model), states[2])
    warning = capsys.readouterr().err
    assert "step-00000003 is damaged" in warning and "going on from step 2" in warning
    # The step is made and saved anew, and the damaged one is still there for who wants to look.
    train(model)
    checkpoints.save()
    assert Checkpoints(folder, make(seed=2)).restore() == 3
    assert (folder / "checkpoints" / "damaged-00000003").is_dir()


def test_a_run_without_a_readable_checkpoint_is_refused(run):
    folder, _ = run
    for step in (2, 3):
        os.truncate(folder / "checkpoints" / f"step-0000000{step}" / "variables.index", 0)
    with pytest.raises(UserError, match=r"step-00000003 is damaged .*step-00000002 is damaged .*remove them to begin"):
        Checkpoints(folder, make()).restore()
    assert len(list((folder / "checkpoints").glob("step-*"))) == 2


def test_what_a_killed_process_left_half_written_is_not_read_and_goes(run):
    folder, states = run
    half = folder / "checkpoints" / ".partial-4"
    shutil.copytree(folder / "checkpoints" / "step-00000003", half)
    (half / "variables.index").unlink()
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model)
    assert checkpoints.restore() == 3 and same(state(model), states[3])
    train(model)
    checkpoints.save()
    assert not half.exists()


def test_what_a_process_that_was_killed_at_its_last_step_left_goes_though_nothing_is_written(run):
    folder, _ = run
    shutil.copytree(folder / "checkpoints" / "step-00000003", folder / "checkpoints" / ".partial-3")
    checkpoints = Checkpoints(folder, make(seed=1), keep=1)
    checkpoints.restore()
    checkpoints.save()
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000003"]


def test_an_old_one_loses_its_name_before_it_is_removed(run, monkeypatch):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=2)
    checkpoints.restore()
    train(model)
    monkeypatch.setattr(shutil, "rmtree", lambda path, **settings: None)
    checkpoints.save()
    assert checkpoints.steps() == [3, 4]


@pytest.mark.parametrize("failure", ["TensorFlow", "rename"])
def test_a_full_disk_leaves_the_last_good_checkpoint(run, failure, monkeypatch):
    folder, states = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=1)
    checkpoints.restore()
    train(model)

    def full(*arguments, **settings):
        if failure == "TensorFlow":
            raise tf.errors.ResourceExhaustedError(None, None, "checkpoints/variables; No space left on device")
        raise OSError(errno.ENOSPC, "No space left on device")

    if failure == "TensorFlow":
        monkeypatch.setattr(tf.train.Checkpoint, "write", full)
    else:
        monkeypatch.setattr("brave_tf.training.checkpoints.os.replace", full)
    with pytest.raises(UserError, match=r"no checkpoint of step 4 .*No space left.*up to step 3 are whole"):
        checkpoints.save()
    monkeypatch.undo()
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["step-00000002", "step-00000003"]
    again = make(seed=2)
    assert Checkpoints(folder, again).restore() == 3 and same(state(again), states[3])


def test_the_same_step_is_not_written_twice(run, monkeypatch):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model)
    checkpoints.restore()
    monkeypatch.setattr(tf.train.Checkpoint, "write", lambda *arguments: pytest.fail("written again"))
    checkpoints.save()
