"""What is said of cores and memory."""

import math

import pytest

from brave_tf.doctor import hardware

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Makes a machine with so much memory available, in GiB, and so many cores."""

    def make(available, limit=math.inf, used=0.0, cores=16, core_limit=math.inf):
        (tmp_path / "meminfo").write_text(
            f"MemTotal:       {64 * 2**20} kB\nMemAvailable:   {int(available * 2**20)} kB\nHugePages_Total:       0\n"
        )
        monkeypatch.setattr(hardware, "_MEMORY", tmp_path / "meminfo")
        monkeypatch.setattr(hardware.cgroup, "memory_limit", lambda: (limit * GIB, used * GIB))
        monkeypatch.setattr(hardware.cgroup, "core_limit", lambda: core_limit)
        monkeypatch.setattr(hardware.machine, "cores", lambda: cores)
        monkeypatch.setattr(hardware.os, "cpu_count", lambda: 16)
        return list(hardware.look_at_hardware())

    return make


def test_a_whole_machine(machine):
    cores, memory = machine(32)
    assert (cores.status, cores.found) == ("ok", "16 cores for this process")
    assert (memory.status, memory.found) == ("ok", "32.0 GiB available of 64.0 GiB")


def test_a_share_of_a_machine(machine):
    cores, memory = machine(32, limit=8, used=2, cores=4)
    assert (cores.status, cores.found) == ("ok", "4 of 16 cores for this process")
    assert memory.found == "6.0 GiB available: the container or job may have 8.0 GiB of 64.0 GiB"


def test_fewer_cores_by_time_than_by_number_are_told(machine):
    cores, _ = machine(32, core_limit=2.0)
    assert cores.status == "note" and "may take the time of 2" in cores.found and "--workers 2" in cores.fix


@pytest.mark.parametrize(
    ("limits", "status"), [((3,), "note"), ((0.2,), "problem"), ((32, 4, 3.8), "problem"), ((32, 4, 2), "note")]
)
def test_little_memory_is_told(machine, limits, status):
    _, memory = machine(*limits)
    assert memory.status == status and memory.fix


def test_systems_that_do_not_tell_what_is_available(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_MEMORY", tmp_path / "no such file")
    there, available = hardware._machine_memory()
    assert 0 < available <= there
