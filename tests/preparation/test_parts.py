"""A preparation in parts: several commands, of several machines, make the dataset that one command makes."""

import contextlib
import errno
import fcntl
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brave_tf.cli.main import main
from brave_tf.commands import prepare
from brave_tf.errors import UsageError, UserError
from brave_tf.files import write_first
from brave_tf.preparation.parts import Part, parse_part, parts_of, ranges, shards_of
from brave_tf.preparation.plan import Plan, Shard
from brave_tf.preparation.work_folder import write_left_out
from tests.preparation.command import arguments, content, descendants, is_working
from tests.preparation.media_files import write_media


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """50 sounds of different lengths: three shards of training and one of testing."""
    folder = tmp_path_factory.mktemp("sounds")
    for number in range(50):
        write_media(folder / "ab"[number % 2] / f"{number:02}.wav", seconds=0.1 + 0.01 * number, size=None)
    (folder / "a" / "broken.wav").write_bytes(b"")
    (folder / "notes.txt").write_text("no media")
    return folder


@pytest.fixture(scope="module")
def whole(sounds, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    prepare(sounds, out, workers=0)
    return content(out)


def plan_of(sizes, shards):
    names = [Shard(f"train-{number:05d}.tfrecord", "train", tuple(sources)) for number, sources in enumerate(shards)]
    return Plan((), tuple(names), {}, {}, (), "", {}, tuple(sizes))


@given(st.lists(st.lists(st.integers(1, 1000), min_size=1, max_size=5), min_size=1, max_size=40), st.integers(1, 12))
def test_every_shard_is_in_one_part_and_the_parts_are_balanced(sizes, count):
    numbers = iter(range(1000))
    plan = plan_of([size for shard in sizes for size in shard], [[next(numbers) for _ in shard] for shard in sizes])
    parts = [shards_of(plan, Part(number, count)) for number in range(1, count + 1)]
    assert sorted(shard.name for part in parts for shard in part) == [shard.name for shard in plan.shards]
    loads = [sum(plan.sizes[number] for shard in part for number in shard.sources) for part in parts]
    assert max(loads) - min(loads) <= max(map(sum, sizes))
    for number, part in enumerate(parts, start=1):
        assert parts_of(plan, count, part) == ([number] if part else [])


@pytest.mark.parametrize(
    "text", ["0/3", "4/3", "1", "1/", "a/b", "-1/3", "1/0", "1/10001", "1/2/3", "1/9999999999", ""]
)
def test_what_is_no_part_is_refused(text):
    with pytest.raises(UsageError, match=r"received --part .*; expected I/N with I from 1 to N"):
        parse_part(text)
    assert parse_part("3/10") == Part(3, 10) and str(Part(3, 10)) == "3/10"


@pytest.mark.parametrize(
    ("numbers", "text"), [([3], "3"), ([1, 2, 3], "1-3"), ([1, 3, 4, 7, 8, 9], "1,3-4,7-9"), ([2, 4], "2,4")]
)
def test_numbers_are_told_as_schedulers_take_them(numbers, text):
    assert ranges(numbers) == text


@pytest.mark.parametrize("count", [1, 3, 7])
def test_parts_in_any_order_make_the_same_dataset(sounds, whole, tmp_path, capsys, count):
    out = tmp_path / "out"
    for number in range(count, 0, -1):
        assert prepare(sounds, out, workers=0, part=f"{number}/{count}") is None
    said = [line for line in capsys.readouterr().err.splitlines() if " is done: " in line]
    assert len(said) == count and said[-1].startswith(f"part 1/{count} of {out} is done: ")
    assert ("0 of 4 shards, 0 files" in "".join(said)) == (count > 4)
    assert not (out / "dataset.json").exists()
    # Once more: nothing is written again.
    stamps = {path: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")}
    prepare(sounds, out, workers=0, part=f"1/{count}")
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.tfrecord")} == stamps and len(stamps) == 4
    dataset = prepare(sounds, out, merge=True)
    assert content(out) == whole and len(dataset.info["quarantined"]) == 1


def test_a_merge_names_the_parts_that_are_missing(sounds, whole, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UserError, match=r"lacks 4 of 4 shards, such as .*; run the same command without --merge"):
        prepare(sounds, out, merge=True)
    for number in (2, 3):
        prepare(sounds, out, workers=0, part=f"{number}/4")
    with pytest.raises(UserError, match=r"lacks 2 of 4 shards.*; run --part I/4 again for I = 1,4$"):
        prepare(sounds, out, merge=True)
    (out / "test-00000-of-00001.tfrecord").unlink(missing_ok=True)
    # Another division finds what is done; so does a command without parts.
    prepare(sounds, out, workers=0, part="1/2")
    prepare(sounds, out, workers=0)
    assert content(out) == whole


def test_a_part_of_a_finished_dataset_has_nothing_to_do(sounds, whole, tmp_path, capsys):
    out = tmp_path / "out"
    prepare(sounds, out, workers=0)
    assert prepare(sounds, out, part="2/3") is None and prepare(sounds, out, merge=True).path == out
    assert "is finished; nothing is left to do for part 2/3" in capsys.readouterr().err
    assert content(out) == whole


def test_parts_of_other_files_or_settings_are_refused(sounds, tmp_path):
    prepare(sounds, tmp_path / "out", workers=0, part="1/2")
    for arguments_of_another in ({"part": "2/2"}, {"merge": True}):
        with pytest.raises(UserError, match=r"begun with other files or settings \(shorter_side: 256 -> 64\)"):
            prepare(sounds, tmp_path / "out", workers=0, shorter_side=64, **arguments_of_another)


@contextlib.contextmanager
def held(file, kind):
    """A lock as another process would hold it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a+") as stream:
        fcntl.flock(stream, kind)
        yield


def test_who_may_write_beside_whom(sounds, whole, tmp_path):
    out = tmp_path / "out"
    lock, of_part = out / ".prepare" / "lock", out / ".prepare" / "lock-00001-of-00002"
    with held(lock, fcntl.LOCK_SH), held(of_part, fcntl.LOCK_EX):
        with pytest.raises(UserError, match=f"another process is writing part 1/2 of {out}; wait for it"):
            prepare(sounds, out, workers=0, part="1/2")
        prepare(sounds, out, workers=0, part="2/2")
        for alone in ({}, {"merge": True}):
            with pytest.raises(UserError, match=f"another process is writing {out}; wait for it"):
                prepare(sounds, out, workers=0 if not alone else None, **alone)
    with held(lock, fcntl.LOCK_EX), pytest.raises(UserError, match=f"another process is writing {out}; wait for it"):
        prepare(sounds, out, workers=0, part="1/2")
    prepare(sounds, out, workers=0, part="1/2")
    prepare(sounds, out, merge=True)
    assert content(out) == whole


def test_a_part_removes_what_it_left_itself(sounds, whole, tmp_path):
    work = tmp_path / "out" / ".prepare"
    work.mkdir(parents=True)
    mine, others, of_all = (
        work / f"train-00000-of-00003.tfrecord.{owner}7.piece"
        for owner in ("5.00001-of-00002.0a1b.", "5.00002-of-00002.0a1b.", "5.")
    )
    for file in (mine, others, of_all):
        file.write_bytes(b"left")
    prepare(sounds, tmp_path / "out", workers=0, part="1/2")
    assert not mine.exists() and others.exists() and of_all.exists()
    prepare(sounds, tmp_path / "out", workers=0)
    assert content(tmp_path / "out") == whole


def test_what_a_part_gave_up_stays_given_up(sounds, tmp_path):
    out = tmp_path / "out"
    prepare(sounds, out, workers=0, part="2/2")
    # Number 0 is a/00.wav.
    write_left_out(out, {0: "took longer than 1 s"}, Part(1, 2).name)
    prepare(sounds, out, workers=0, part="1/2")
    dataset = prepare(sounds, out, merge=True)
    assert {"source": "a/00.wav", "reason": "took longer than 1 s"} in dataset.info["quarantined"]


def test_a_file_system_without_locks_is_told_and_used(sounds, whole, tmp_path, monkeypatch, capsys):
    def no_locks(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    leftover = tmp_path / "out" / ".prepare" / "train-00000-of-00003.tfrecord.5.00001-of-00002.0a1b.7.piece"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"left")
    monkeypatch.setattr(fcntl, "flock", no_locks)
    for number in (1, 2):
        prepare(sounds, tmp_path / "out", workers=0, part=f"{number}/2")
    assert leftover.exists()  # It might be in use.
    assert "without locks: see to it that nobody else writes" in " ".join(capsys.readouterr().err.split())
    prepare(sounds, tmp_path / "out", merge=True)
    assert content(tmp_path / "out") == whole


def test_of_several_that_write_a_file_first_one_does(tmp_path):
    for trial in range(20):
        file, wrote = tmp_path / str(trial), []
        gate = threading.Barrier(8)

        def write(number, file=file, wrote=wrote, gate=gate):
            gate.wait()
            if write_first(file, f"{number}" * 1000):
                wrote.append(f"{number}" * 1000)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrote == [file.read_text()]
    assert len(list(tmp_path.iterdir())) == 20


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"part": "1/2", "merge": True}, "received --part and --merge"),
        ({"beam_options": ["runner=DirectRunner"]}, "received --beam-options without --runner beam"),
        ({"runner": "beam", "part": "1/2"}, "received --part with --runner beam; leave it out"),
        ({"runner": "beam", "merge": True}, "received --merge with --runner beam; leave it out"),
        ({"runner": "beam", "workers": 2}, "received --workers with --runner beam; leave it out"),
        ({"part": "3/2"}, "received --part 3/2; expected I/N"),
    ],
)
def test_options_that_do_not_go_together(sounds, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        prepare(sounds, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_the_command_line_takes_parts(sounds, whole, tmp_path, capsys):
    command = ["prepare", str(sounds), "--out", str(tmp_path / "out")]
    for number in (1, 2):
        assert main([*command, "--workers", "0", "--part", f"{number}/2"]) == 0
        assert not capsys.readouterr().out
    assert main([*command, "--part", "1/2", "--merge"]) == 2
    assert main([*command, "--merge"]) == 0
    assert "quarantined: 1 of 51 sources" in capsys.readouterr().out
    assert content(tmp_path / "out") == whole


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    for number in range(40):
        write_media(folder / f"{number:02}.mp4", seconds=2.0, size=(96, 128))
    return folder


@pytest.mark.thorough
def test_parts_at_the_same_time_of_which_one_is_killed(videos, tmp_path):
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    prepare(videos, undisturbed, workers=1, split="train=1")
    words = [sys.executable, "-m", "brave_tf", *arguments(videos, out, 1), "--part"]
    commands = [subprocess.Popen([*words, f"{number}/2"], stderr=subprocess.DEVNULL) for number in (1, 2)]
    while not (pieces := [*(out / ".prepare").glob("*.00001-of-00002.*.piece")]):
        assert commands[0].poll() is None
    orphans = [int(number) for number in descendants(commands[0].pid)]
    commands[0].send_signal(signal.SIGKILL)
    assert commands[0].wait() == -signal.SIGKILL and commands[1].wait() == 0 and orphans
    with pytest.raises(UserError, match=r"run --part I/2 again for I = 1$"):
        prepare(videos, out, split="train=1", merge=True)
    assert subprocess.run([*words, "1/2"], stderr=subprocess.DEVNULL).returncode == 0
    assert not any(piece.exists() for piece in pieces) and not is_working(out)
    prepare(videos, out, split="train=1", merge=True)
    assert content(out) == content(undisturbed)
