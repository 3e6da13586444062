"""Choosing a strategy, and reading clusters from TF_CONFIG and SLURM."""

import json

import pytest
import tensorflow as tf
from tensorflow.python.distribute.cluster_resolver import slurm_cluster_resolver

from brave_tf import presets
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.training import slurm
from brave_tf.training import strategy as strategies
from brave_tf.training.agreement import Agreement
from brave_tf.training.strategy import (
    check_strategy,
    is_chief,
    make_local_strategy,
    make_strategy,
    while_together,
    workers,
)

SLURM = {
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "5",
    "SLURM_STEP_NODELIST": "n[2,10]-gpu,big",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2),1",
    "SLURM_JOB_ID": "4017",
}


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    for name in (*SLURM, "TF_CONFIG", "TPU_NAME"):
        monkeypatch.delenv(name, raising=False)


def test_one_device_needs_no_strategy():
    strategy = make_strategy("auto")
    assert strategy is tf.distribute.get_strategy()
    assert workers(strategy) == 1 and is_chief(strategy)


def test_unknown_names_are_refused():
    with pytest.raises(
        UserError, match="received --strategy horovod; expected one of: auto, mirrored, multiworker, tpu"
    ):
        make_strategy("horovod")


def test_several_workers_need_a_cluster():
    with pytest.raises(UserError, match="without a cluster; expected TF_CONFIG"):
        make_strategy("multiworker")


@pytest.mark.parametrize("text", ["not JSON", "[1]", '{"cluster": 3}', '{"cluster": {"worker": 7}}'])
def test_a_tf_config_that_describes_nothing_is_refused(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match=r"TF_CONFIG is .*expected JSON such as"):
        make_strategy("auto")


def test_a_cluster_of_one_is_no_cluster(monkeypatch):
    cluster = {"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    assert make_strategy("auto") is tf.distribute.get_strategy()


def test_an_absent_tpu_is_named(monkeypatch):
    monkeypatch.setenv("TPU_NAME", "")
    with pytest.raises(UserError, match=r"TPU .* cannot be used"):
        make_strategy("tpu")


def test_xla_is_refused_for_several_replicas(two_replicas):
    config = override(presets.get("tiny-va"), ["jit_compile=true"])
    check_strategy(config, tf.distribute.get_strategy())
    with pytest.raises(UserError, match="jit_compile=true for 2 replicas"):
        check_strategy(config, two_replicas)


def test_one_process_agrees_with_itself(two_replicas):
    for strategy in (tf.distribute.get_strategy(), two_replicas):
        agreement = Agreement(strategy)
        assert agreement.of_chief(5) == 5 and agreement.text_of_chief("a") == "a"
        assert agreement.any(True) and not agreement.any(False)


def test_errors_of_one_process_are_its_own():
    with pytest.raises(tf.errors.InternalError), while_together(tf.distribute.get_strategy()):
        raise tf.errors.InternalError(None, None, "mine")


def test_slurm_addresses_follow_the_ranks():
    assert slurm.is_job_step(SLURM) and not slurm.is_job_step({**SLURM, "SLURM_STEP_NUM_TASKS": "1"})
    assert not slurm.is_job_step({})
    first = 20_000 + 17 * 16
    # By name, n10 would come before n2.
    assert slurm.workers(SLURM) == [
        *[f"n2-gpu:{first}", f"n2-gpu:{first + 1}"],
        *[f"n10-gpu:{first}", f"n10-gpu:{first + 1}"],
        f"big:{first}",
    ]


@pytest.mark.parametrize("hosts", ["n1", "n[1-3]", "n[01-03,7],login", "a1,b[2-3]", "gpu[098-101]", "a[1,3-4],b"])
def test_slurm_hosts_are_expanded_as_by_tensorflow(hosts):
    assert slurm.expand_hosts(hosts) == slurm_cluster_resolver.expand_hostlist(hosts)


@pytest.mark.parametrize("tasks", ["1", "2(x3)", "3(x2),2,1"])
def test_slurm_tasks_are_expanded_as_by_tensorflow(tasks):
    assert slurm.expand_tasks(tasks) == slurm_cluster_resolver.expand_tasks_per_node(tasks)


@pytest.mark.parametrize(
    "change",
    [
        {"SLURM_STEP_TASKS_PER_NODE": "1"},
        {"SLURM_STEP_NODELIST": "n[1"},
        {"SLURM_STEP_TASKS_PER_NODE": "20(x3)"},
        {"SLURM_STEP_NUM_TASKS": "many"},
        {"SLURM_PROCID": "first"},
    ],
)
def test_slurm_variables_that_do_not_fit_are_refused(monkeypatch, change):
    for name, value in {**SLURM, **change}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="SLURM does not describe its job step"):
        make_strategy("auto")


def test_an_evaluation_takes_no_other_machine(monkeypatch):
    workers_of_two = {"worker": ["localhost:1", "localhost:2"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": workers_of_two, "task": {"type": "worker", "index": 0}}))
    assert make_local_strategy("auto") is tf.distribute.get_strategy()
    with pytest.raises(UserError, match=r"received --strategy multiworker; .* expected one of: auto, mirrored, tpu"):
        make_local_strategy("multiworker")


def test_all_work_of_a_process_shares_one_strategy(monkeypatch):
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", lambda devices: object())
    strategies._over.cache_clear()
    assert make_strategy("mirrored") is make_local_strategy("mirrored")
    strategies._over.cache_clear()
