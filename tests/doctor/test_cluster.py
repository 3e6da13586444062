"""TF_CONFIG and SLURM, as training understands them."""

import json
import os

import pytest

from brave_tf.doctor.cluster import look_at_cluster

HOSTS = ("secret-host-1", "secret-host-2")
CLUSTER = {"worker": [f"{host}:2222" for host in HOSTS]}
SLURM = {
    "SLURM_JOB_ID": "4017",
    "SLURM_PROCID": "2",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "secret-host-[1-2]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
}


@pytest.fixture
def look(monkeypatch):
    """Looks at the cluster that variables describe."""
    for name in [name for name in os.environ if name.startswith("SLURM_") or name == "TF_CONFIG"]:
        monkeypatch.delenv(name)

    def look_with(tf_config=None, **variables):
        if tf_config is not None:
            variables["TF_CONFIG"] = tf_config if isinstance(tf_config, str) else json.dumps(tf_config)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        checks = list(look_at_cluster())
        assert not any(host in check.found + check.fix for check in checks for host in HOSTS)
        return checks

    return look_with


def test_no_cluster(look):
    (check,) = look()
    assert check.status == "ok" and "alone" in check.found


@pytest.mark.parametrize(
    ("task", "place"), [({"type": "worker", "index": 1}, "worker 1"), ({"type": "worker", "index": "0"}, "worker 0")]
)
def test_a_cluster(look, task, place):
    (check,) = look({"cluster": CLUSTER, "task": task})
    assert (check.name, check.status) == ("TF_CONFIG", "ok")
    assert check.found == f"2 worker; this process is {place}"


def test_a_cluster_of_one(look):
    (check,) = look({"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}})
    assert check.status == "ok" and "alone" in check.found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{'cluster': {'worker': ['secret-host-1:1']}}", "does not describe a cluster in JSON"),
        ("[1]", "does not describe a cluster in JSON"),
        ('{"cluster": {"worker": 7}}', "does not describe a cluster in JSON"),
        ('{"cluster": {"worker": "secret-host-1:2222"}}', "the addresses of 'worker' are no list of HOST:PORT"),
        ('{"cluster": {"worker": ["secret-host-1", "b:2"]}}', "the addresses of 'worker' are no list of HOST:PORT"),
        ({"cluster": CLUSTER}, "this process is None None, numbers beginning at 0; there are 2 worker"),
        ({"cluster": CLUSTER, "task": 3}, "this process is None None"),
        ({"cluster": CLUSTER, "task": {"type": "worker", "index": 2}}, "this process is worker 2"),
        ({"cluster": CLUSTER, "task": {"type": "worker", "index": -1}}, "this process is worker -1"),
        ({"cluster": CLUSTER, "task": {"type": "chief", "index": 0}}, "this process is chief 0"),
        ({"cluster": CLUSTER, "task": {"type": ["worker"], "index": 0}}, "this process is"),
    ],
)
def test_a_malformed_cluster_is_a_problem_of_one_line(look, text, found):
    (check,) = look(text)
    assert check.status == "problem" and check.found.startswith(found)
    assert 'JSON such as {"cluster"' in check.fix and "\n" not in check.found + check.fix


def test_a_step_of_slurm(look):
    (check,) = look(**SLURM)
    assert (check.name, check.status, check.found) == ("SLURM", "ok", "3 tasks; this process is task 2")


def test_a_job_of_slurm_without_a_step(look):
    (check,) = look(SLURM_JOB_ID="4017")
    assert check.status == "ok" and "trains alone" in check.found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SLURM_STEP_NODELIST": "secret-host-1"}, "its variables do not fit together"),
        ({"SLURM_STEP_NUM_TASKS": "many"}, "its variables do not fit together"),
        ({"SLURM_PROCID": "first"}, "its variables do not fit together"),
    ],
)
def test_a_malformed_step_is_a_problem_of_one_line(look, change, reason):
    (check,) = look(**{**SLURM, **change})
    assert check.status == "problem" and reason in check.found and "srun" in check.fix


def test_a_step_that_lacks_something_is_a_problem(look):
    (check,) = look(**{name: value for name, value in SLURM.items() if name != "SLURM_STEP_NODELIST"})
    assert check.status == "problem" and "SLURM_STEP_NODELIST is not set" in check.found


def test_tf_config_comes_first(look):
    task = {"type": "worker", "index": 1}
    first, second = look({"cluster": CLUSTER, "task": task}, **SLURM)
    assert first.name == "TF_CONFIG" and second.found.endswith("TF_CONFIG is used instead")
    first, second = look({"cluster": CLUSTER, "task": task}, **{**SLURM, "SLURM_PROCID": "first"})
    assert (first.status, second.status) == ("ok", "note")
