"""What is said of work that goes on: when, where and by whom, and how the time that is left is estimated."""

import contextlib
import io
import math
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from brave_tf import commands, progress
from brave_tf.progress import activity, heard_on, note, phase, silence, silent_since, speaker, track, work
from brave_tf.progress.activity import Activity
from brave_tf.progress.speaker import SPEAKER
from brave_tf.progress.work import Pace
from tests.test_surface import COMMANDS

PATIENCE_SECONDS = 60


class Listener(io.StringIO):
    """A stream that can be waited for."""

    def __init__(self, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal
        self._written = threading.Condition()

    def write(self, text: str) -> int:
        with self._written:
            self._written.notify_all()
            return super().write(text)

    def isatty(self) -> bool:
        return self._is_terminal

    def wait_for(self, text: str, times: int = 1) -> None:
        with self._written:
            assert self._written.wait_for(lambda: self.getvalue().count(text) >= times, PATIENCE_SECONDS)

    def titles(self, first: int = 0) -> set[str]:
        """What was told, from some place on."""
        return {line.partition(": ")[0] for line in self.getvalue()[first:].splitlines()}


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def stderr() -> Iterator[Listener]:
    """Where standard error leads; no terminal."""
    with heard_on(Listener()) as stream:
        yield stream


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on is told at once, again and again."""
    monkeypatch.setattr(speaker, "SILENT_SECONDS", 0.001)
    monkeypatch.setattr(activity, "SPINNER_AFTER_SECONDS", 0.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (activity, work, speaker):
        monkeypatch.setattr(module, "time", made)
    return made


def terminal() -> Console:
    return Console(file=Listener(), force_terminal=True, force_interactive=True, width=120, _environ={})


def wait_until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.001)


def speakers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "progress"]


def test_units_that_nobody_counts_are_shown_as_a_share():
    text = io.StringIO()
    with track(4_000, "prepare", done=1_000, console=Console(file=text), percent=True) as advance:
        advance(3_000, "(9 of 9 files)")
    assert text.getvalue() == "prepare: 100%, 0 s (9 of 9 files)\n"


def test_start_up_does_not_count_as_work():
    pace = Pace(60, done=0, now=0.0)
    assert pace.seconds_left is None
    pace.report(1, now=80.0)
    assert pace.seconds_left is None
    pace.report(1, now=83.5)
    assert pace.seconds_left == 58 * 3.5
    pace.report(2, now=92.5)
    assert pace.seconds_left == pytest.approx(56 * 12.5 / 3)


def test_units_that_were_done_before_do_not_count_as_work():
    pace = Pace(100, done=60, now=0.0)
    # Read from a checkpoint.
    pace.report(20, now=1.0)
    pace.report(0, now=50.0)
    assert (pace.done, pace.seconds_left) == (80, None)
    pace.start_up()
    pace.report(1, now=60.0)
    assert pace.seconds_left is None
    pace.report(1, now=62.0)
    assert (pace.done, pace.seconds_left) == (82, 36.0)


def test_a_start_up_in_between_does_not_count_as_work():
    pace = Pace(10, done=0, now=0.0)
    for now in (5.0, 6.0, 7.0):
        pace.report(1, now)
    pace.start_up()
    pace.report(1, now=37.0)
    assert pace.seconds_left == 6.0
    pace.report(6, now=43.0)
    assert pace.seconds_left is None


def lines_of_a_run(clock: Clock) -> list[str]:
    """What could be said of a run of 60 steps, at one moment after the other."""
    lines = []
    with track(60, "pretrain", start_up="preparing the first step") as advance:
        steps: list[tuple[float, int]] = [(79.0, 0), (1.0, 1), (3.5, 1)]
        for seconds, done in steps:
            clock.now += seconds
            if done:
                advance(done, "loss 0.50")
            lines.append(advance.line(clock.now))
        with phase("preparing the second epoch"):
            clock.now += 30.0
        advance(1, "loss 0.25")
        lines.append(advance.line(clock.now))
    return lines


def test_a_line_tells_the_time_left_from_the_second_unit_on(clock, stderr):
    assert lines_of_a_run(clock) == [
        "pretrain: 0/60, preparing the first step, 79 s",
        "pretrain: 1/60, 80 s loss 0.50",
        "pretrain: 2/60, 84 s, 203 s left loss 0.50",
        "pretrain: 3/60, 114 s, 200 s left loss 0.25",
    ]


def test_a_slow_phase_is_told_and_told_again(stderr, talkative):
    with phase("loading\nit"):
        stderr.wait_for("loading\\nit: ", times=2)
    assert stderr.titles() == {"loading\\nit"} and not speakers()


def test_work_that_does_not_report_is_told(stderr, talkative):
    with track(60, "pretrain", start_up="preparing the first step") as advance:
        stderr.wait_for("pretrain: 0/60, preparing the first step, ")
        advance(1, "loss 0.50")
        stderr.wait_for(" s loss 0.50\n")
    assert stderr.titles() == {"pretrain"}


def test_of_what_is_over_in_a_moment_nothing_is_said(clock, stderr):
    for _ in range(3):
        with phase("loading it"), track(10, "prepare") as advance:
            clock.now += 1.0
            advance(1)
    assert not stderr.getvalue()


def test_the_innermost_is_told(stderr, talkative):
    with phase("export"):
        stderr.wait_for("export: ")
        with phase("writing it"):
            told = len(stderr.getvalue())
            stderr.wait_for("writing it: ", times=2)
            assert stderr.titles(told) == {"writing it"}
        told = len(stderr.getvalue())
        wait_until(lambda: stderr.titles(told) == {"export"})
    assert not speakers()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nobody_speaks_after_a_failure(stderr, talkative, error):
    with contextlib.suppress(error), phase("export"), track(3, "write"):
        stderr.wait_for("write: 0/3, ")
        raise error
    told = stderr.getvalue()
    assert not speakers() and stderr.getvalue() == told


def test_what_others_tell_is_not_told(stderr, talkative):
    with phase("pretrain"):
        stderr.wait_for("pretrain: ")
        with silence():
            assert SPEAKER._activities[-1].due(silent_until=0.0) == math.inf
        told = len(stderr.getvalue())
        wait_until(lambda: stderr.titles(told) == {"pretrain"})


def test_after_a_note_there_is_no_need_to_speak_for_a_while(clock, stderr):
    with phase("pretrain"):
        clock.now += 3.0
        note("another learning rate")
        assert SPEAKER._heard == clock.now
    assert stderr.getvalue() == "another learning rate\n"


def test_a_notebook_is_told_in_lines_on_standard_error(monkeypatch, clock):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    # Its streams pass for terminals, for the sake of colours.
    with heard_on(Listener(is_terminal=True)) as stream:
        note("a clip is left out")
        assert not activity.standard_error().is_interactive
    assert stream.getvalue() == "a clip is left out\n"
    monkeypatch.setattr("sys.stderr", Listener(is_terminal=True))
    note("another is")
    assert sys.stderr.getvalue() == "another is\n"


def test_what_begins_late_is_told_in_time(clock, stderr):
    clock.now += 10.0
    with silent_since(clock.now - 9.0):
        with phase("prepare"):
            stderr.wait_for("prepare: ")
        clock.now += 1.0
        with phase("report"):
            assert SPEAKER._heard == clock.now - 1.0
    # What goes on shortly, and is not told, is silence too.
    with silent_since(clock.now):
        with phase("loading"):
            clock.now += 5.0
        with phase("inspect"):
            stderr.wait_for("inspect: ")
    with silent_since(clock.now - 9.0):
        pass
    with phase("verify"):
        assert SPEAKER._heard == clock.now
    assert stderr.getvalue() == "prepare: 0 s\ninspect: 0 s\n"


def test_long_work_is_told_less_often(clock):
    class Heard(Activity):
        def due(self, silent_until):
            silences.append(silent_until - clock.now)
            return math.inf

    silences: list[float] = []
    with SPEAKER.during(Activity("demo")):
        for seconds in (0.0, speaker.LONG_SECONDS):
            clock.now += seconds
            SPEAKER.was_heard()
            # The speaker looks at what has begun as soon as it may.
            with SPEAKER.during(Heard("pretrain")):
                wait_until(lambda: silences)
            assert silences.pop() == (speaker.SILENT_SECONDS_AFTERWARDS if seconds else speaker.SILENT_SECONDS)
            silences.clear()


def test_what_goes_on_is_heard_while_standard_error_is_turned_away(stderr, talkative):
    with phase("verify"):
        with heard_on(Listener()) as terminal:
            terminal.wait_for("verify: ")
            note("a damaged clip")
        told = terminal.getvalue()
        stderr.wait_for("verify: ")
    assert terminal.getvalue() == told and "a damaged clip\n" in told


SLOW_IMPORT = """
import os, sys, time, types
from brave_tf import quiet
from brave_tf.progress import speaker

def load(name):
    os.write(2, b"a note of its own\\n")
    while "loading" not in open(sys.argv[1]).read():
        time.sleep(0.01)
    return types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=list))

speaker.SILENT_SECONDS = 0.01
quiet.importlib.import_module = load
quiet.import_tensorflow()
"""


def test_tensorflow_loads_slowly_and_says_so(tmp_path):
    file = tmp_path / "stderr"
    with open(file, "w", encoding="utf-8") as stderr:
        subprocess.run(
            [sys.executable, "-c", SLOW_IMPORT, str(file)], stderr=stderr, check=True, timeout=PATIENCE_SECONDS
        )
    assert {line.partition(": ")[0] for line in file.read_text().splitlines()} == {"loading TensorFlow"}


def test_a_stream_that_is_closed_is_no_error(stderr, talkative):
    with phase("export"):
        stderr.wait_for("export: ")
        stderr.close()
        with track(1, "write", console=Console(file=stderr)) as advance:
            advance(1)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux tells which signals a thread takes")
def test_signals_are_left_to_the_main_thread(stderr, talkative):
    with phase("prepare"):
        stderr.wait_for("prepare: ")
        (thread,) = speakers()
        status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    (blocked,) = re.findall(r"^SigBlk:\s*(\w+)$", status, flags=re.MULTILINE)
    for number in (signal.SIGINT, signal.SIGTERM):
        assert int(blocked, 16) >> number - 1 & 1


def test_a_copy_of_the_process_begins_anew():
    script = (
        "import os, threading\n"
        "from brave_tf.progress import phase, speaker\n"
        "speaker.SILENT_SECONDS = 0.01\n"
        "with phase('prepare'):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        with phase('copy'):\n"
        "            threading.Event().wait(0.5)\n"
        "    else:\n"
        "        status = os.waitpid(child, 0)[1]\n"
        "print(threading.active_count()) if not child else print(status)\n"
    )
    # From Python 3.12 on, a fork beside a thread is warned of.
    quietly = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script]
    done = subprocess.run(quietly, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["0", "1"]
    assert {line.partition(": ")[0] for line in done.stderr.splitlines()} == {"prepare", "copy"}


def test_a_terminal_shows_a_spinner_while_it_lasts(talkative, monkeypatch):
    console = terminal()
    monkeypatch.setattr(Activity, "console", console)
    with phase("loading [it]"):
        console.file.wait_for("loading [it]")
        (spinner,) = (each._spinner for each in SPEAKER._activities)
        assert spinner.live.is_started
    assert not spinner.live.is_started and console.file.getvalue().endswith("\x1b[2K")
    assert not speakers()


def test_a_spinner_moves_to_where_standard_error_led(talkative, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with phase("verify"):
        for _ in range(2):
            with heard_on(Listener(is_terminal=True)) as stream:
                stream.wait_for("verify")
                with phase("loading TensorFlow"):
                    stream.wait_for("loading TensorFlow")
            # Nothing is left of it, and nobody writes there any more.
            assert stream.getvalue().endswith("\x1b[2K")
            stream.close()


def test_a_terminal_shows_a_bar_with_what_goes_on_in_it(clock, monkeypatch):
    console = terminal()
    with track(60, "pretrain", console=console, start_up="preparing the first step") as advance:
        (task,) = advance._bar.tasks
        assert task.fields == {"left": "", "note": "preparing the first step"}
        clock.now += 80.0
        advance(1, "loss 0.50")
        assert task.fields == {"left": "", "note": "loss 0.50"}
        clock.now += 3.5
        advance(1, "loss 0.25")
        assert task.fields == {"left": "left 0:03:23", "note": "loss 0.25"}
        with phase("preparing it again"):
            assert task.fields["note"] == "preparing it again"
            assert SPEAKER._activities[-1].is_part_of_bar
        assert (task.completed, task.fields["note"]) == (2, "loss 0.25")
    assert "2/60" in console.file.getvalue()


@pytest.mark.parametrize("shown", [False, True])
def test_results_stay_where_they_are_meant_to_go(talkative, monkeypatch, shown):
    # What a command prints must not end on the terminal that shows its progress.
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    console = terminal()
    monkeypatch.setattr(Activity, "console", console)
    with track(2, "verify", console=console) if shown else phase("verify"):
        console.file.wait_for("verify")
        print("{}")
    assert output.getvalue() == "{}\n"


def test_a_terminal_that_cannot_move_its_cursor_is_told_in_lines(talkative, monkeypatch):
    console = Console(file=Listener(), force_terminal=True, _environ={"TERM": "dumb"})
    with track(2, "verify", console=console):
        console.file.wait_for("verify: 0/2, ")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_is_silent(monkeypatch, name):
    told = []

    @contextlib.contextmanager
    def tell(title):
        told.append(title)
        raise StopIteration
        yield

    monkeypatch.setattr(progress, "phase", tell)
    with pytest.raises(RuntimeError, match="StopIteration"):
        getattr(commands, name)()
    assert told == [name]
