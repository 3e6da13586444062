"""Checkpoints: whole or absent, and what happens when one is damaged or cannot be written."""

import errno
import shutil
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.errors import UserError
from brave_tf.storage import gfile, is_remote, patience
from brave_tf.training.checkpoints import Checkpoints
from tests.storage.elsewhere import every_other_time, failing, new_place


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


@pytest.fixture(params=["here", "elsewhere"])
def place(request, tmp_path):
    return tmp_path if request.param == "here" else new_place()


only_here = pytest.mark.parametrize("place", ["here"], indirect=True)
only_elsewhere = pytest.mark.parametrize("place", ["elsewhere"], indirect=True)


@pytest.fixture
def run(place):
    """A run with checkpoints of steps 2 and 3, and the model's state at each."""
    model = make()
    checkpoints = Checkpoints(place, model, keep=2)
    states = {}
    for _ in range(3):
        train(model)
        checkpoints.save()
        states[checkpoints.step] = state(model)
    return place, states


def names(folder):
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def damage(folder, name, how):
    file = folder / "checkpoints" / "step-00000003" / name
    if how == "removed":
        file.unlink()
    elif how == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif how == "empty":
        file.write_bytes(b"")
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
    assert names(folder) == ["step-00000002", "step-00000003"]


def test_without_checkpoints_the_run_begins(place):
    assert Checkpoints(place, make()).restore() == 0


@pytest.mark.parametrize("how", ["removed", "cut", "empty", "flipped"])
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(run, name, how, capsys):
    folder, states = run
    if is_remote(folder) and (name, how) == ("variables.index", "removed"):
        pytest.skip("that is how a checkpoint is removed there")
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
        (folder / "checkpoints" / f"step-0000000{step}" / "variables.index").write_bytes(b"")
    with pytest.raises(UserError, match=r"step-00000003 is damaged .*step-00000002 is damaged .*remove them to begin"):
        Checkpoints(folder, make()).restore()
    assert len(list((folder / "checkpoints").glob("step-*"))) == 2


@only_here
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


@only_here
def test_what_a_process_that_was_killed_at_its_last_step_left_goes_though_nothing_is_written(run):
    folder, _ = run
    shutil.copytree(folder / "checkpoints" / "step-00000003", folder / "checkpoints" / ".partial-3")
    checkpoints = Checkpoints(folder, make(seed=1), keep=1)
    checkpoints.restore()
    checkpoints.save()
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000003"]


@only_here
def test_an_old_one_loses_its_name_before_it_is_removed(run, monkeypatch):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=2)
    checkpoints.restore()
    train(model)
    monkeypatch.setattr(shutil, "rmtree", lambda path, **settings: None)
    checkpoints.save()
    assert checkpoints.steps() == [3, 4]


@only_here
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
        monkeypatch.setattr("brave_tf.training.checkpoint_folder.os.replace", full)
    with pytest.raises(UserError, match=r"no checkpoint of step 4 .*No space left.*up to step 3 are whole"):
        checkpoints.save()
    monkeypatch.undo()
    assert names(folder) == ["step-00000002", "step-00000003"]
    again = make(seed=2)
    assert Checkpoints(folder, again).restore() == 3 and same(state(again), states[3])


def test_the_same_step_is_not_written_twice(run, monkeypatch):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model)
    checkpoints.restore()
    monkeypatch.setattr(tf.train.Checkpoint, "write", lambda *arguments: pytest.fail("written again"))
    checkpoints.save()


@only_elsewhere
@pytest.mark.parametrize("at", ["variables.data-00000-of-00001", "variables.index"])
def test_what_was_sent_in_part_is_not_read_and_goes(run, at):
    folder, states = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=2)
    checkpoints.restore()
    train(model)
    with (
        failing(lambda name, path: name == "write" and path.endswith(at)),
        pytest.raises(
            UserError, match=r"no checkpoint of step 4 .*is busy; given up after 5 tries\); .*up to step 3 are"
        ),
    ):
        checkpoints.save()
    assert (folder / "checkpoints" / "step-00000004").is_dir()
    again = make(seed=2)
    assert Checkpoints(folder, again).restore() == 3 and same(state(again), states[3])
    # Whatever step is saved next.
    train(again, steps=2)
    checkpoints = Checkpoints(folder, again, keep=2)
    checkpoints.save()
    assert checkpoints.steps() == [3, 5] and names(folder) == ["step-00000003", "step-00000005"]


@only_elsewhere
def test_what_was_removed_in_part_is_not_read_and_goes(run):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, keep=1)
    checkpoints.restore()
    train(model)
    with (
        failing(lambda name, path: name == "remove_tree"),
        pytest.raises(UserError, match=r"old checkpoints in .* cannot be removed .*that of step 4 is whole"),
    ):
        checkpoints.save()
    assert checkpoints.steps() == [3, 4] and len(names(folder)) == 3
    train(model)
    checkpoints.save()
    assert names(folder) == ["step-00000005"]


@only_elsewhere
def test_a_busy_service_is_asked_again(run):
    folder, states = run
    model = make(seed=1)
    with failing(every_other_time()) as failed:
        checkpoints = Checkpoints(folder, model, keep=1)
        assert checkpoints.restore() == 3 and same(state(model), states[3])
        train(model)
        checkpoints.save()
    kinds = {each.partition(" ")[0] for each in failed}
    assert kinds >= {"read", "write", "entries", "exists", "remove", "remove_tree"}
    assert names(folder) == ["step-00000004"]


@only_elsewhere
def test_a_service_that_stalls_is_asked_again(run, monkeypatch):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model)
    checkpoints.restore()
    train(model)
    write, stalled, release = gfile.write, [], threading.Event()

    def stalling(path, *arguments):
        if path.endswith("step-00000004/variables.index") and not stalled:
            stalled.append(path)
            release.wait(60)
        else:
            write(path, *arguments)

    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(patience, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(gfile, "write", stalling)
    checkpoints.save()
    release.set()
    monkeypatch.undo()
    assert stalled and checkpoints.steps() == [2, 3, 4]
    again = make(seed=2)
    assert Checkpoints(folder, again).restore() == 4 and same(state(again), state(model))


@only_elsewhere
def test_a_checkpoint_that_cannot_be_read_for_good_is_not_put_aside(run):
    folder, states = run
    model = make(seed=1)
    with (
        failing(lambda name, path: name == "read"),
        pytest.raises(UserError, match=r"checkpoints in .* cannot be read \(the service is busy; given up after 5"),
    ):
        Checkpoints(folder, model).restore()
    assert Checkpoints(folder, model).restore() == 3 and same(state(model), states[3])


@only_elsewhere
def test_what_has_to_be_there_with_a_checkpoint_is_written_before(run):
    folder, _ = run
    model = make(seed=1)
    checkpoints = Checkpoints(folder, model, before_saving=lambda: before.append(checkpoints.steps()))
    before = []
    checkpoints.restore()
    checkpoints.save()
    train(model)
    checkpoints.save()
    assert before == [[2, 3]] and checkpoints.steps() == [2, 3, 4]


def test_no_checkpoint_is_written_of_a_run_that_another_process_has(run):
    folder, _ = run
    model = make(seed=1)

    def check():
        raise UserError("another process has it")

    checkpoints = Checkpoints(folder, model, before_saving=check)
    checkpoints.restore()
    train(model)
    with pytest.raises(UserError, match="another process has it"):
        checkpoints.save()
    assert checkpoints.steps() == [2, 3]
