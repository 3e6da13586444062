"""Ctrl-C in `brave-tf prepare`: real processes, a real signal to all of them, as a terminal sends it."""

import os
import signal
import sys
from pathlib import Path

import pytest

from brave_tf.commands import prepare
from tests.preparation.command import arguments, content, descendants, interrupted, is_working, worker_on
from tests.preparation.media_files import write_media
from tests.said import without_progress

# Says where it is by a file, and stays there.
STAY = """
import pathlib, sys, time
from brave_tf.cli import main
from brave_tf.preparation import dataset_writer
from brave_tf.storage import transfer
def stay(*args, **kwargs):
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(600)
{patch}
sys.exit(main.main(sys.argv[2:]))
"""
PHASES = {
    "listing": "dataset_writer.list_source = stay",
    "finishing": "dataset_writer._info = stay",
    "tidying up": "transfer.shutil.rmtree = stay",
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


def check(status, said):
    # Where Ctrl-C strikes while Python makes a class, it ends by the signal itself; a shell says 130 either way.
    assert status in (130, -signal.SIGINT)
    assert without_progress(said) == ["prepare: stopped; the same command goes on", "brave-tf: interrupted"]


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


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("workers", "moment"),
    [
        (0, "FFmpeg loads"),
        (1, "working"),
        (2, "working"),
        (2, "server starts"),
        (2, "server loads"),
        (2, "workers start"),
    ],
)
def test_ctrl_c_while_shards_are_written(workers, moment, videos, undisturbed, tmp_path):
    out = tmp_path / "out"

    def reached(process):
        if moment == "working":
            return is_working(out)
        if moment == "FFmpeg loads":
            return loads_ffmpeg(process.pid)
        # First comes the server of which the workers are copies.
        others = descendants(process.pid)
        if moment == "server loads":
            return any(loads_ffmpeg(number) for number in others)
        return len(others) >= (1 if moment == "server starts" else 1 + workers)

    command = [sys.executable, "-m", "brave_tf", *arguments(videos, out, workers)]
    check(*interrupted(command, reached))
    assert not (out / "dataset.json").exists()
    prepare(videos, out, workers=1, split="train=1")
    assert content(out) == undisturbed


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_waits_for_no_worker_that_does_not_answer(workers, videos, tmp_path):
    def stop_a_worker(process):
        number = worker_on(process.pid, 0)
        if number is not None:
            os.kill(number, signal.SIGSTOP)
        return number is not None

    check(
        *interrupted([sys.executable, "-m", "brave_tf", *arguments(videos, tmp_path / "out", workers)], stop_a_worker)
    )


@pytest.mark.parametrize("everybody", [True, False], ids=["all processes", "the command"])
def test_sigterm_says_what_it_did(everybody, videos, undisturbed, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "brave_tf", *arguments(videos, out, 2)]
    status, said = interrupted(command, lambda process: is_working(out), signal.SIGTERM, everybody)
    assert status == 143
    assert without_progress(said) == ["prepare: stopped; the same command goes on"]
    assert not is_working(out)
    prepare(videos, out, workers=1, split="train=1")
    assert content(out) == undisturbed
