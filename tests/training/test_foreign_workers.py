"""Two workers that fit networks which the library does not know, as one process would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.test_replicas import addresses, finish

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What every process measured, by its role."""
    folder = tmp_path_factory.mktemp("foreign")
    cluster = {"cluster": {"worker": addresses(2)}}
    finish(start("alone", folder))
    for process in [start(role, folder, {**cluster, "task": {"type": "worker", "index": int(role)}}) for role in "01"]:
        finish(process)
    return {role: dict(np.load(folder / f"{role}.npz")) for role in ("alone", "0", "1")}


def start(role, folder, cluster=None):
    environment = {**os.environ, **({"TF_CONFIG": json.dumps(cluster)} if cluster else {})}
    command = [sys.executable, "-m", "tests.training.foreign_worker", role, str(folder / f"{role}.npz")]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("source", ["arrays", "tf.data"])
def test_workers_have_the_losses_of_one_process(results, source):
    one = results["alone"][f"{source}:loss"]
    assert len(one) == 2 and one[1] != one[0]
    for role in ("0", "1"):
        np.testing.assert_allclose(results[role][f"{source}:loss"], one, rtol=1e-4)
    for name in ("narrow_to_imu", "spread_imu"):
        np.testing.assert_allclose(
            results["0"][f"{source}:{name}"], results["alone"][f"{source}:{name}"], rtol=1e-3, err_msg=name
        )


def test_workers_agree_bit_by_bit(results):
    assert results["0"].keys() == results["1"].keys() == results["alone"].keys()
    for name, value in results["0"].items():
        assert np.array_equal(results["1"][name], value), name
