"""Apache Beam prepares a dataset: on its direct runner, with several processes, of which one is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.errors import UserError
from tests.preparation.command import content, interrupted, is_group
from tests.preparation.media_files import write_media

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: `make beam` has an environment with it")

TWO = ("runner=FnApiRunner", "direct_running_mode=multi_processing", "direct_num_workers=2")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(40):
        write_media(folder / "ab"[number % 2] / f"{number:02}.mp4", seconds=1.0 + 0.05 * number, size=(96, 128))
    (folder / "a" / "broken.mp4").write_bytes(b"no media")
    return folder


@pytest.fixture(scope="module")
def whole(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    prepare(videos, out, workers=1)
    return content(out)


def command(videos, out):
    words = ["prepare", str(videos), "--out", str(out), "--runner", "beam", "--beam-options", *TWO]
    return [sys.executable, "-m", "brave_tf", *words]


def beam_workers(group):
    """Beam's worker processes in a process group."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"apache_beam.runners.worker.sdk_worker_main" in words and os.getpgid(int(folder.name)) == group:
                yield int(folder.name)
        except OSError:  # it has ended meanwhile
            continue


def outcomes(out):
    return len(list(out.glob(".prepare/*.pieces/*.outcome")))


@pytest.mark.parametrize(
    "options",
    [
        TWO,
        ("direct_running_mode=multi_threading", "direct_num_workers=3"),
        ("direct_running_mode=in_memory",),
        # As to Flink and Spark, by way of a job service.
        ("runner=PortableRunner", "job_endpoint=embed", "environment_type=LOOPBACK"),
    ],
    ids=["processes", "threads", "in the command", "a job service"],
)
def test_beam_makes_the_same_dataset(options, videos, whole, tmp_path):
    dataset = prepare(videos, tmp_path / "out", runner="beam", beam_options=options)
    assert content(tmp_path / "out") == whole and len(dataset.info["quarantined"]) == 1


def test_the_command_line_takes_beams_options(videos, whole, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["prepare", str(videos), "--out", str(out), "--runner", "beam"]
    assert main([*words, "--beam-options", "direct_running_mode=in_memory", "direct_num_workers=1"]) == 0
    assert "quarantined: 1 of 41 sources" in capsys.readouterr().out
    assert content(out) == whole


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_ends_the_command_which_then_goes_on(videos, whole, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(command(videos, out), stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        while outcomes(out) < 4:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(next(beam_workers(process.pid)), signal.SIGKILL)
        _, said = process.communicate()
        assert process.returncode == 1 and "brave-tf: error: Beam's pipeline failed" in said
    finally:
        if is_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    kept = outcomes(out)
    assert kept >= 4 and not (out / "dataset.json").exists()
    assert subprocess.run(command(videos, out), stderr=subprocess.DEVNULL).returncode == 0
    assert content(out) == whole


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_goes_on(number, videos, whole, tmp_path):
    out = tmp_path / "out"
    status, _ = interrupted(command(videos, out), lambda process: outcomes(out) >= 4, number)
    assert status in {signal.SIGKILL: (-9,), signal.SIGINT: (130, -2), signal.SIGTERM: (143,)}[number]
    assert not (out / "dataset.json").exists()
    assert subprocess.run(command(videos, out), stderr=subprocess.DEVNULL).returncode == 0
    assert content(out) == whole


def test_what_goes_wrong_in_a_worker_is_one_line(videos, tmp_path, monkeypatch):
    from brave_tf.preparation import beam_steps

    def full(scratch, target):
        if target.suffix == ".piece":
            raise OSError(28, "No space left on device")
        os.replace(scratch, target)

    monkeypatch.setattr(beam_steps, "_put", full)
    with pytest.raises(
        UserError, match=r"^/.*tfrecord cannot be written \(No space left on device\); free some .*again$"
    ):
        prepare(videos, tmp_path / "out", runner="beam", beam_options=["direct_running_mode=in_memory"])
