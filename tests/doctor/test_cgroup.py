"""Limits of containers and jobs, in both forms in which Linux tells them."""

import math

import pytest

from brave_tf.doctor import cgroup

GIB = 2**30


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")


@pytest.fixture
def membership(tmp_path):
    return tmp_path / "membership"


def test_the_unified_form(tmp_path, membership):
    membership.write_text("0::/job/step\n")
    files = {
        "job/memory.max": 8 * GIB,
        "job/memory.current": 7 * GIB,
        "job/memory.stat": f"anon 5\ninactive_file {2 * GIB}",
        "job/cpu.max": "250000 100000",
        "job/step/memory.max": "max",
        "job/step/memory.current": GIB,
        "job/step/cpu.max": "max 100000",
    }
    write(tmp_path / "group", files)
    assert cgroup.memory_limit(tmp_path / "group", membership) == (8 * GIB, 5 * GIB)
    assert cgroup.core_limit(tmp_path / "group", membership) == 2.5


def test_the_older_form(tmp_path, membership):
    membership.write_text("4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n")
    files = {
        "memory/memory.limit_in_bytes": 9223372036854771712,
        "memory/memory.usage_in_bytes": 20 * GIB,
        "memory/docker/abc/memory.limit_in_bytes": 4 * GIB,
        "memory/docker/abc/memory.usage_in_bytes": 3 * GIB,
        "memory/docker/abc/memory.stat": f"inactive_file 7\ntotal_inactive_file {GIB}",
        "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": 150_000,
        "cpu,cpuacct/docker/abc/cpu.cfs_period_us": 100_000,
        "cpu,cpuacct/cpu.cfs_quota_us": -1,
        "cpu,cpuacct/cpu.cfs_period_us": 100_000,
    }
    write(tmp_path / "group", files)
    assert cgroup.memory_limit(tmp_path / "group", membership) == (4 * GIB, 2 * GIB)
    assert cgroup.core_limit(tmp_path / "group", membership) == 1.5


def test_a_container_that_sees_its_limits_at_the_top(tmp_path, membership):
    membership.write_text("0::/../../outside\n")
    write(tmp_path / "group", {"memory.max": GIB, "memory.current": 0, "cpu.max": "100000 100000"})
    assert cgroup.memory_limit(tmp_path / "group", membership) == (GIB, 0)
    assert cgroup.core_limit(tmp_path / "group", membership) == 1.0


@pytest.mark.parametrize("lines", ["", "0::/\n", "4:memory:/docker/abc\n"])
def test_no_limits(tmp_path, membership, lines):
    membership.write_text(lines)
    assert cgroup.memory_limit(tmp_path / "group", membership) == (math.inf, 0.0)
    assert cgroup.core_limit(tmp_path / "group", membership) == math.inf
    assert cgroup.core_limit(tmp_path / "group", tmp_path / "no such file") == math.inf
