"""Several replicas train as one: two logical devices of a process, and two processes over loopback."""

import json
import os
import re
import socket
from pathlib import Path

import numpy as np
import pytest

from brave_tf.commands import prepare
from brave_tf.demo.world import write_world
from tests.programs import Program

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
START_SECONDS = 240
WORKERS = ("0", "1")
ROLES = ("alone", "mirrored", *WORKERS)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What every process found, by its role."""
    folder = tmp_path_factory.mktemp("replicas")
    # Clips that differ: batch norm over clips that are all but equal amplifies rounding. And clips that leave no
    # activation so near zero that rounding decides whether a ReLU passes its gradient: PyAV 19 makes such of seed 0.
    write_world(folder / "media", clips_per_motion={"train": 2}, seconds=1.5, size=48, seed=1, workers=1)
    dataset = prepare(folder / "media", folder / "dataset", workers=1, split="train=1").path
    cluster = addresses(2)
    for process in [start(role, dataset, folder / f"{role}.npz", cluster) for role in ROLES]:
        finish(process)
    return {role: dict(np.load(folder / f"{role}.npz")) for role in ROLES}


def addresses(count):
    """Free ports of this machine."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    found = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return found


def start(role, dataset, out, cluster):
    environment = dict(os.environ)
    if role in WORKERS:
        task = {"type": "worker", "index": int(role)}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": list(cluster)}, "task": task})
    words = ["-m", "tests.training.replica_worker", role, str(dataset), str(out)]
    return Program(words, environment=environment, folder=ROOT)


def finish(process):
    assert process.wait(START_SECONDS) == 0, process.text()


def of_kind(result, kind):
    return {name: value for name, value in result.items() if name.startswith(f"{kind}:")}


@pytest.mark.parametrize("role", ROLES[1:])
def test_replicas_see_the_batch_of_one(results, role):
    for step in ("clips", "last_clips"):
        assert results[role][step].tolist() == results["alone"][step].tolist()
        assert len(set(results["alone"][step].tolist())) == 8


@pytest.mark.parametrize("role", ROLES[1:])
def test_replicas_have_the_loss_gradients_and_statistics_of_one(results, role):
    one, several = results["alone"], results[role]
    assert several["loss"] == pytest.approx(one["loss"], rel=1e-5)
    gradients, statistics = of_kind(one, "gradient"), of_kind(one, "statistic")
    assert len(gradients) > 50 and len(statistics) > 20
    for name, value in gradients.items():
        # Nothing that comes right before a batch norm has a gradient from what that takes away; rounding is left.
        vanishes = re.search(r"linear_./bias$|projector/norm_1/beta$", name) and np.abs(value).max() < 1e-5
        assert np.abs(several[name] - value).max() <= (1e-5 if vanishes else 1e-3 * np.abs(value).max()), name
    for name, value in statistics.items():
        np.testing.assert_allclose(several[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("role", ROLES[1:])
def test_replicas_have_the_weights_of_one_after_ten_steps_in_float64(results, role):
    one, several = results["alone"], results[role]
    np.testing.assert_allclose(several["losses"], one["losses"], rtol=1e-7)
    assert np.ptp(one["losses"]) > 1e-3
    for name, value in of_kind(one, "weight").items():
        np.testing.assert_allclose(several[name], value, rtol=0, atol=1e-7, err_msg=name)


def test_workers_agree_bit_by_bit(results):
    for name, value in of_kind(results["0"], "weight").items():
        assert np.array_equal(results["1"][name], value), name
