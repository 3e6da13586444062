"""What is said of folders that cannot be written: on disks that are full, or that may only be read."""

import json
import os
import subprocess
import sys
import tempfile

import pytest

from brave_tf.doctor import disk

TELL = "import json; from brave_tf.doctor import disk; print(json.dumps([vars(each) for each in disk.look_at_disk()]))"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A folder each for the cache and for temporary files, and one to be in."""
    for name in ("cache", "temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def statuses(checks):
    return {check.name: check.status for check in checks}


def on_small_disk(folder, options, *commands):
    """What is found where a folder is a disk of its own, which only a process with other rights may make."""
    lines = [f"mount -t tmpfs -o size=1536k,{options} none {folder}", *commands]
    script = " && ".join([*lines, f'{sys.executable} -c "{TELL}"'])
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True)
    return {each["name"]: each for each in json.loads(done.stdout)}


@pytest.fixture(scope="session")
def small_disks():
    """Skips where this user may not mount anything for a process."""
    words = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]
    try:
        done = subprocess.run(words, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no program unshare: disks cannot be made")
    if done.returncode:
        pytest.skip("this user may not make disks for a process of its own")


def test_folders_that_can_be_written(places, monkeypatch):
    monkeypatch.setattr(disk, "LITTLE_BYTES", 0)
    assert statuses(disk.look_at_disk()) == dict.fromkeys(disk.NAMES, "ok")
    assert [list((places / name).iterdir()) for name in ("cache", "temporary", "here")] == [[], [], []]


@pytest.mark.parametrize(
    ("folder", "kilobytes", "name", "status", "reason"),
    [
        ("cache", 1536, "cache", "note", "No space left on device"),
        ("temporary", 1000, "temporary files", "problem", "No space left on device"),
        ("temporary", 1536, "temporary files", "note", "TMPDIR cannot be written: /"),
        ("here", 1536, "current folder", "problem", "0.0 GB free"),
    ],
)
def test_a_full_disk(small_disks, places, folder, kilobytes, name, status, reason):
    fill = f"(dd if=/dev/zero of={places / folder}/filler bs=1k count={kilobytes} 2>/dev/null || true)"
    check = on_small_disk(places / folder, "mode=700", fill, f"cd {places / 'here'}")[name]
    assert check["status"] == status and reason in check["found"] and check["fix"]


def test_a_cache_that_may_only_be_read(small_disks, places):
    check = on_small_disk(places / "cache", "ro")["cache"]
    assert check["status"] == "note" and "Read-only file system" in check["found"]
    assert "XDG_CACHE_HOME" in check["fix"]


def test_little_space_is_told(places, monkeypatch):
    monkeypatch.setattr(disk, "LITTLE_BYTES", 10**18)
    checks = list(disk.look_at_disk())
    assert statuses(checks) == dict.fromkeys(disk.NAMES, "note")
    assert all("GB free" in check.found and check.fix for check in checks)


def test_a_cache_that_cannot_be_made(places, monkeypatch):
    (places / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(places / "file" / "below"))
    (check,) = [check for check in disk.look_at_disk() if check.name == "cache"]
    assert check.status == "note" and "Not a directory" in check.found and "XDG_CACHE_HOME" in check.fix


def test_no_home_folder(places, monkeypatch):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(disk, "cache_folder", none)
    (check,) = [check for check in disk.look_at_disk() if check.name == "cache"]
    assert check.status == "note" and "no home folder" in check.found


def test_a_current_folder_that_is_gone(places):
    (places / "here").rmdir()
    (check,) = [check for check in disk.look_at_disk() if check.name == "current folder"]
    assert check.status == "problem" and "is gone" in check.found and "folder that exists" in check.fix
    os.chdir(places)


def test_what_was_made_to_look_is_gone_afterwards(places, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(places / "cache" / "deep" / "deeper"))
    list(disk.look_at_disk())
    assert list((places / "cache").iterdir()) == []
