"""Ctrl-C in `brave-tf prepare`: real processes, a real signal to all of them, as a terminal sends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brave_tf.commands import prepare
from tests.preparation.media_files import write_media

# Says where it is by a file, and stays there.
STAY = """
import pathlib, sys, time
from brave_tf.cli import main
from brave_tf.preparation import dataset_writer
def stay(*args, **kwargs):
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(600)
{patch}
sys.exit(main.main(sys.argv[2:]))
"""
PHASES = {
    "listing": "dataset_writer.list_source = stay",
    "finishing": "dataset_writer._info = stay",
    "tidying up": "dataset_writer.shutil.rmtree = stay",
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    # More than 16 files, so that there are two shards; long enough that none is done at once.
    for number in range(20):
        write_media(folder / f"{number:02d}.mp4", seconds=2.0, size=(96, 128))
    return folder


@pytest.fixture(scope="module")
def undisturbed(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    prepare(videos, out, workers=1, split="train=1")
    return content(out)


def content(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def arguments(videos, out, workers):
    return ["prepare", str(videos), "--out", str(out), "--split", "train=1", "--workers", str(workers)]


def interrupted(command, reached):
    """Runs a command in a group of its own, interrupts the group when `reached(process)`, and waits for all of it.

    Returns its exit status and what it said on standard error.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        while not reached(process):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        # Ends only when every process that holds the pipe has ended.
        _, said = process.communicate()
        while is_group(process.pid):
            time.sleep(0.05)
        return process.returncode, said
    finally:
        if is_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_group(number):
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True


def descendants(number):
    """Process numbers of the children of a process, of theirs, and so on."""
    try:
        with open(f"/proc/{number}/task/{number}/children") as file:
            children = file.read().split()
    except FileNotFoundError:  # it has ended meanwhile
        return []
    return [each for child in children for each in (child, *descendants(child))]


def check(status, said):
    assert status == 130
    lines = [line for line in said.splitlines() if not line.startswith("prepare: ")]
    assert lines == ["brave-tf: interrupted"]


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_in_the_quiet_phases(phase, videos, undisturbed, tmp_path):
    here, out = tmp_path / "here", tmp_path / "out"
    script = STAY.format(patch=PHASES[phase])
    command = [sys.executable, "-c", script, str(here), *arguments(videos, out, 1)]
    check(*interrupted(command, lambda process: here.exists()))
    prepare(videos, out, workers=1, split="train=1")
    assert content(out) == undisturbed


def loads_ffmpeg(number):
    try:
        return "libavcodec" in Path(f"/proc/{number}/maps").read_text()
    except OSError:
        return False


def is_working(out):
    return any((out / ".prepare").glob("*.piece"))


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("workers", "moment"),
    [
        (1, "FFmpeg loads"),
        (1, "working"),
        (2, "working"),
        (2, "server starts"),
        (2, "workers start"),
        (2, "workers load"),
    ],
)
def test_ctrl_c_while_shards_are_written(workers, moment, videos, undisturbed, tmp_path):
    out = tmp_path / "out"

    def reached(process):
        if moment == "working":
            return is_working(out)
        if moment == "FFmpeg loads":
            return loads_ffmpeg(process.pid)
        # The resource tracker of multiprocessing comes first, then the server of which the workers are copies.
        others = descendants(process.pid)
        if moment == "server loads":
            return any(loads_ffmpeg(number) for number in others)
        return len(others) >= (2 if moment == "server starts" else 2 + workers)

    command = [sys.executable, "-m", "brave_tf", *arguments(videos, out, workers)]
    check(*interrupted(command, reached))
    assert not (out / "dataset.json").exists()
    prepare(videos, out, workers=1, split="train=1")
    assert content(out) == undisturbed


@pytest.fixture
def long_videos(tmp_path):
    for number in range(3):
        write_media(tmp_path / "videos" / f"{number}.mp4", seconds=60.0, size=(240, 320), sound_hz=None)
    return tmp_path / "videos"


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
def test_killed_processes(long_videos, tmp_path):
    def start(out):
        command = [sys.executable, "-m", "brave_tf", *arguments(long_videos, tmp_path / out, 2)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not is_working(tmp_path / out):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        return process

    process = start("worker")
    os.kill(int(descendants(process.pid)[-1]), signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "a worker process died around" in said and "fewer --workers" in said
    process = start("command")
    process.kill()
    # Ends only when every process that holds the pipe has ended.
    process.communicate(timeout=60)
