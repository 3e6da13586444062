"""A file that hangs, crashes, grows or gives too much costs itself and is named; the others are prepared."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from brave_tf.commands import prepare
from brave_tf.errors import UserError
from brave_tf.preparation import file_limits, source_writer, worker_processes
from brave_tf.preparation.file_limits import OutputLimit
from brave_tf.preparation.media import MediaError
from tests.preparation.command import arguments, content, is_working, worker_on
from tests.preparation.media_files import write_media

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
LONG = 0  # the source that takes a while


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    write_media(folder / "a.mp4", seconds=60.0, size=(240, 320), sound_hz=None)
    for name in "bc":
        write_media(folder / f"{name}.mp4", seconds=0.4, sound_hz=None)
    return folder


@pytest.fixture(scope="module")
def undisturbed(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    prepare(videos, out, workers=1, split="train=1")
    return content(out)


def quarantined(out):
    return {each["source"]: each["reason"] for each in json.loads((out / "dataset.json").read_text())["quarantined"]}


def start(videos, out, *more, workers=2):
    command = [sys.executable, "-m", "brave_tf", *arguments(videos, out, workers, *more)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def signal_worker(process, source, number):
    """Sends the worker on a source a signal; returns the worker, or None if the command has ended before."""
    while process.poll() is None:
        worker = worker_on(process.pid, source)
        if worker is not None:
            os.kill(worker, number)
            return worker
        time.sleep(0.005)
    return None


def end(process):
    """Waits until the command and all its processes have ended; what it said."""
    _, said = process.communicate(timeout=120)
    return process.returncode, said


@needs_proc
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_once_changes_nothing(videos, undisturbed, tmp_path, workers):
    process = start(videos, tmp_path / "out", workers=workers)
    assert signal_worker(process, LONG, signal.SIGKILL)
    status, said = end(process)
    assert status == 0, said
    assert content(tmp_path / "out") == undisturbed


def killed_twice(videos, out, number, workers=2):
    process = start(videos, out, workers=workers)
    first = signal_worker(process, LONG, number)
    while (second := worker_on(process.pid, LONG)) in (None, first):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    os.kill(second, number)
    return process


@needs_proc
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGKILL, "ended the process that read it, twice (killed, out of memory?)"),
        (signal.SIGSEGV, "ended the process that read it, twice (it crashed, SIGSEGV)"),
    ],
)
def test_a_file_that_ends_its_process_twice_is_left_out(videos, undisturbed, tmp_path, number, reason):
    status, said = end(killed_twice(videos, tmp_path / "out", number))
    assert status == 0, said
    assert quarantined(tmp_path / "out") == {"a.mp4": reason}
    assert content(tmp_path / "out").keys() == undisturbed.keys()


@needs_proc
def test_what_was_given_up_stays_so_after_an_interruption(tmp_path):
    folder = tmp_path / "videos"
    # The longest is the first, and what comes after it takes a while too.
    for number, seconds in enumerate([45.0, 40.0, 0.2]):
        write_media(folder / f"{number}.mp4", seconds=seconds, size=(240, 320), sound_hz=None)
    out = tmp_path / "out"
    process = killed_twice(folder, out, signal.SIGKILL, workers=1)
    while not (out / ".prepare" / "left-out.json").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    assert end(process)[0] == 130
    prepare(folder, out, workers=1, split="train=1")
    uninterrupted = killed_twice(folder, tmp_path / "other", signal.SIGKILL)
    assert end(uninterrupted)[0] == 0
    assert content(out) == content(tmp_path / "other") and list(quarantined(out)) == ["0.mp4"]


@needs_proc
def test_a_file_that_hangs_is_left_out(videos, tmp_path):
    process = start(videos, tmp_path / "out", "--max-seconds-per-file", "4")
    assert signal_worker(process, LONG, signal.SIGSTOP)
    status, said = end(process)
    assert status == 0, said
    assert quarantined(tmp_path / "out") == {"a.mp4": "took longer than 4 s"}


@needs_proc
def test_processes_end_with_their_command(videos, tmp_path):
    process = start(videos, tmp_path / "out")
    while not is_working(tmp_path / "out"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.kill()
    # Ends only when every process that holds the pipe has ended.
    process.communicate(timeout=60)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_the_time_of_a_file_is_bounded(videos, tmp_path, workers):
    with pytest.raises(UserError, match=r"none of the 3 sources .*a.mp4 took longer than 0.001 s; b.mp4 took"):
        prepare(videos, tmp_path / "out", workers=workers, split="train=1", max_seconds_per_file=0.001)
    with pytest.raises(UserError, match=r"received --max-seconds-per-file 0; expected 0.001"):
        prepare(videos, tmp_path / "out", max_seconds_per_file=0)


@needs_proc
def test_the_memory_of_a_file_is_bounded(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(file_limits, "MOST_MEMORY_BYTES", 2**24)
    monkeypatch.setattr(worker_processes, "LOOK_SECONDS", 0.01)
    (tmp_path / "list.csv").write_text(f"path\n{videos / 'a.mp4'}\n")
    with pytest.raises(UserError, match=r"a.mp4 needs more than 0.0156 GiB of memory"):
        prepare(tmp_path / "list.csv", tmp_path / "out", workers=1, split="train=1")


def test_memory_that_is_not_there_costs_one_file_and_stays_so(videos, tmp_path, monkeypatch):
    real = source_writer.read_clips
    tried = []

    def read(path, *args):
        tried.append(path.name)
        if path.name == "a.mp4":
            raise MemoryError
        if path.name == "c.mp4":
            raise KeyboardInterrupt
        return real(path, *args)

    monkeypatch.setattr(source_writer, "read_clips", read)
    with pytest.raises(KeyboardInterrupt):
        prepare(videos, tmp_path / "out", workers=0, split="train=1")
    assert "a.mp4" in tried
    monkeypatch.setattr(source_writer, "read_clips", real)
    prepare(videos, tmp_path / "out", workers=0, split="train=1")
    assert quarantined(tmp_path / "out") == {"a.mp4": "needs more memory than there is"}


def declare(file, seconds):
    """Writes another length into the header of a Matroska file."""
    import struct

    content = bytearray(file.read_bytes())
    at = content.index(b"\x44\x89\x88") + 3
    content[at : at + 8] = struct.pack(">d", seconds * 1000)
    file.write_bytes(content)
    with av.open(str(file)) as container:
        assert container.duration == round(seconds * 1e6)


def test_the_output_of_a_file_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(file_limits, "SPARE_SECONDS", 1.0)
    for name, seconds in {"honest": 5.0, "lying": 0.5}.items():
        file = write_media(tmp_path / "videos" / f"{name}.mkv", seconds=5.0, sound_hz=None)
        declare(file, seconds)
    # Grey pictures are small, but not as small as this takes for granted.
    monkeypatch.setattr(file_limits, "PLENTY_BYTES_PER_SECOND", 10_000)
    prepare(tmp_path / "videos", tmp_path / "out", workers=0, split="train=1", clip_seconds=1)
    reasons = quarantined(tmp_path / "out")
    assert reasons.keys() == {"lying.mkv"} and "s of clips, which it cannot hold" in reasons["lying.mkv"]
    # What a file holds counts as much as what it says,
    monkeypatch.setattr(file_limits, "PLENTY_BYTES_PER_SECOND", 100)
    OutputLimit(tmp_path / "videos" / "lying.mkv").add(5.0)
    # and no header makes a few bytes into hours.
    declare(tmp_path / "videos" / "honest.mkv", 1e6)
    with pytest.raises(MediaError, match="which it cannot hold"):
        OutputLimit(tmp_path / "videos" / "honest.mkv").add(1e5)


def test_ordinary_lengths_are_not_looked_up(tmp_path):
    OutputLimit(tmp_path / "absent.mp4").add(file_limits.SPARE_SECONDS)


WITHOUT_SHARED_MEMORY = """
import _multiprocessing, multiprocessing.heap, sys
def refuse(*args, **kwargs):
    raise OSError(30, "Read-only file system")
_multiprocessing.SemLock = multiprocessing.heap.Arena = refuse
from brave_tf.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_shared_memory_of_the_system_is_not_needed(videos, undisturbed, tmp_path):
    command = [sys.executable, "-c", WITHOUT_SHARED_MEMORY, *arguments(videos, tmp_path / "out", 2)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == undisturbed


def test_a_script_needs_no_guard(videos, undisturbed, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import brave_tf\nbrave_tf.prepare({str(videos)!r}, {str(tmp_path / 'out')!r}, split='train=1', workers=2)\n"
    )
    # Python looks for modules beside the script.
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert content(tmp_path / "out") == undisturbed


def test_where_no_process_can_be_started_the_way_out_is_named(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    monkeypatch.setattr("brave_tf.preparation.worker_server._servers", {})
    with pytest.raises(UserError, match=r"could not be started \(No such file or directory\).*--workers 0"):
        prepare(videos, tmp_path / "out", workers=1)


def test_processes_that_do_not_start_are_no_reason_to_wait(videos, tmp_path, monkeypatch):
    # A server that ends at once, and what it was asked for with it.
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    monkeypatch.setattr("brave_tf.preparation.worker_server._servers", {})
    with pytest.raises(UserError, match=r"could not be started"):
        prepare(videos, tmp_path / "out", workers=2)


def test_one_process_alone_gives_the_same_dataset(videos, undisturbed, tmp_path):
    prepare(videos, tmp_path / "out", workers=0, split="train=1")
    assert content(tmp_path / "out") == undisturbed
