"""The steps of Beam's workers without Beam: run in any order, twice, by threads, and after an interruption."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from brave_tf.commands import prepare
from brave_tf.errors import UsageError, UserError
from brave_tf.preparation import beam_steps
from brave_tf.preparation.beam_pipeline import HERE, pipeline_flags
from brave_tf.preparation.beam_steps import read_tasks
from brave_tf.preparation.work_folder import write_left_out
from tests.preparation.command import content
from tests.preparation.media_files import write_media
from tests.preparation.steps import run_steps


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """20 sounds in two shards, one of them listed twice, and one damaged, with a multi-label column or two."""
    folder = tmp_path_factory.mktemp("sounds")
    rows = ["path,start,end,label,fold"]
    for number in range(20):
        write_media(folder / f"{number:02}.wav", seconds=0.2 + 0.02 * number, size=None)
        rows.append(f"{number:02}.wav,,,{'ab'[number % 2]},{number % 3}")
    (folder / "broken.wav").write_bytes(b"")
    rows += ["19.wav,0.1,0.3,b,", "broken.wav,,,,"]
    (folder / "list.csv").write_text("\n".join(rows))
    return folder / "list.csv"


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    prepare(sounds, out, workers=0, split="train=1")
    return content(out)


def test_the_steps_make_the_same_dataset(sounds, whole, tmp_path, with_runner):
    with_runner(run_steps)
    prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    assert content(tmp_path / "out") == whole


def test_what_is_done_is_not_made_again(sounds, whole, tmp_path, with_runner, monkeypatch):
    made = []
    make = beam_steps.write_in_process

    def stopping(job, limits):
        if len(made) == 7:
            raise KeyboardInterrupt
        made.append(job.number)
        return make(job, limits)

    monkeypatch.setattr(beam_steps, "write_in_process", stopping)
    with_runner(lambda names, work, flags: run_steps(names, work, threads=1))
    with pytest.raises(KeyboardInterrupt):
        prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    assert len(made) == 7

    def making(job, limits):
        made.append(job.number)
        return make(job, limits)

    monkeypatch.setattr(beam_steps, "write_in_process", making)
    prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    assert sorted(made) == list(range(22)) and content(tmp_path / "out") == whole


def test_a_command_without_beam_goes_on_from_its_shards(sounds, whole, tmp_path, with_runner):
    def only_the_first(names, work, flags):
        run_steps(names[:1], work)

    with_runner(only_the_first)
    with pytest.raises(UserError, match=r"ended without 1 of 2 shards, such as train-00001.*its workers reach"):
        prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    prepare(sounds, tmp_path / "out", workers=0, split="train=1")
    assert content(tmp_path / "out") == whole


def test_what_was_given_up_stays_given_up(sounds, tmp_path, with_runner):
    out = tmp_path / "out"
    (out / ".prepare").mkdir(parents=True)
    write_left_out(out, {3: "took longer than 1 s"})
    with_runner(run_steps)
    quarantined = prepare(sounds, out, runner="beam", split="train=1").info["quarantined"]
    assert {"source": "03.wav", "reason": "took longer than 1 s"} in quarantined and len(quarantined) == 2


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="looks for processes in /proc")
def test_a_process_that_is_killed_costs_one_more_try(sounds, whole, tmp_path, with_runner):
    out, killed = tmp_path / "out", []

    def kill():
        while not killed:
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    files = [os.readlink(file) for file in (folder / "fd").iterdir()]
                except OSError:  # it has ended meanwhile, or is somebody else's
                    continue
                if any(file.startswith(str(out)) and file.endswith(".partial") for file in files):
                    killed.append(int(folder.name))
                    os.kill(killed[0], signal.SIGKILL)
                    return

    def run(names, work, flags):
        thread = threading.Thread(target=kill)
        thread.start()
        run_steps(names, work)
        thread.join()

    with_runner(run)
    prepare(sounds, out, runner="beam", split="train=1")
    assert killed and content(out) == whole


def test_a_piece_that_cannot_be_written_is_one_line(sounds, tmp_path, with_runner, monkeypatch):
    def full(scratch, target):
        if target.suffix == ".piece":
            raise OSError(28, "No space left on device")
        os.replace(scratch, target)

    monkeypatch.setattr(beam_steps, "_put", full)
    with_runner(run_steps)
    with pytest.raises(UserError, match=r"tfrecord cannot be written \(No space left on device\); free some space"):
        prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    left = [file for file in (tmp_path / "out").rglob("*") if file.suffix in (".partial", ".piece")]
    assert not left and not (tmp_path / "out" / "dataset.json").exists()


def test_tasks_come_back_as_they_were(sounds, tmp_path, with_runner):
    seen = []
    with_runner(lambda names, work, flags: seen.extend(task for name in names for task in read_tasks(name, work)))
    with pytest.raises(UserError, match="ended without 2 of 2 shards"):
        prepare(sounds, tmp_path / "out", runner="beam", split="train=1")
    task = next(task for task in seen if task.number == 20)
    assert task.source.path == sounds.parent / "19.wav" and task.source.labels == {"label": "b"}
    assert (task.source.start_seconds, task.source.end_seconds, task.label_indices) == (0.1, 0.3, (1,))
    assert task.cells == {"label/label": "b", "label/fold": None} and task.shard.split == "train"
    assert all(len(json.dumps(task.cells)) < 100 and not task.shard.sources for task in seen)


def test_beam_reads_its_options():
    assert pipeline_flags(["runner=FlinkRunner", "--flink_master=a:1", "save_main_session"]) == [
        "--runner=FlinkRunner",
        "--flink_master=a:1",
        "--save_main_session",
    ]
    assert pipeline_flags(["direct_num_workers=2"]) == [*(f"--{each}" for each in HERE), "--direct_num_workers=2"]
    for wrong in ("=3", "", "a b", "-x=3"):
        with pytest.raises(UsageError, match=r"received the Beam option .*; expected NAME=VALUE"):
            pipeline_flags([wrong])


def test_without_beam_the_extra_is_named(sounds, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(UserError, match=r"Apache Beam cannot be imported.*pip install 'brave_tf\[beam\]'"):
        prepare(sounds, tmp_path / "out", runner="beam")
