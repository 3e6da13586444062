"""A command that is started to be killed, and the processes that it starts."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from kill_commands import INPUTS, Command

HERE, TEMPORARY = "here", "temporary"
"""Folders where a command runs, and for its temporary files."""
LOOK_SECONDS = 0.005
GONE_SECONDS = 10.0
"""How long processes may take to notice that the command has gone."""

# Runs a module or code as Python itself does, and makes a folder when it first opens one of the inputs.
_WATCHED = """
import os, runpy, sys

mark, inputs, kind, what, *words = sys.argv[1:]

def look(event, arguments):
    global inputs
    if inputs and event == "open" and inputs in str(arguments[0]):
        inputs = ""
        os.mkdir(mark)

sys.addaudithook(look)
sys.argv = [what if kind == "-m" else kind, *words]
if kind == "-m":
    runpy.run_module(what, run_name="__main__", alter_sys=True)
else:
    exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
"""


class Attempt:
    """A command that runs in a folder and a process group of its own.

    Args:
        command: what to run.
        folder: for the folders where it runs and for temporary files, which may be there from an attempt before, and
            for what it prints.
    """

    def __init__(self, command: Command, folder: Path):
        self._here, self._reads = folder / HERE, folder / "reads"
        self._mark = f"KILLED_ATTEMPT={uuid.uuid4()}"
        self._printed = folder / "printed.txt"
        for each in (self._here, folder / TEMPORARY):
            each.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._reads, ignore_errors=True)
        name, _, value = self._mark.partition("=")
        environment = {**os.environ, name: value, "TMPDIR": str(folder / TEMPORARY), "CUDA_VISIBLE_DEVICES": "-1"}
        with open(self._printed, "wb") as printed, open(folder / "said.txt", "ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _WATCHED, str(self._reads), f"{INPUTS}{os.sep}", *command.words],
                cwd=self._here,
                env=environment,
                stdout=printed,
                stderr=said,
                start_new_session=True,
            )
        self._began, self._began_at = time.monotonic(), time.time()

    def at_work(self) -> float | None:
        """Waits until the command is at work: the seconds until then; None if it ended and was not seen at work."""
        while not self._is_at_work():
            if self._process.poll() is not None:
                return None
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - self._began

    @property
    def written(self) -> float | None:
        """The seconds until the newest of the files that it has written was complete; None if there is none."""
        times = [path.stat().st_mtime for path in self._here.rglob("*") if path.is_file()]
        return max(times) - self._began_at if times else None

    def end(self) -> float:
        """Waits for its end: the seconds until then."""
        self._process.wait()
        return time.monotonic() - self._began

    def kill(self, alone: bool) -> bool:
        """Kills it, alone or with all processes of its group; whether it had not ended before."""
        if self._process.poll() is not None:
            return False
        (os.kill if alone else os.killpg)(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return True

    @property
    def status(self) -> int:
        """The exit status."""
        return self._process.wait()

    @property
    def printed(self) -> bytes:
        """What it printed on standard output."""
        return self._printed.read_bytes()

    def left_behind(self) -> list[int]:
        """Numbers of the processes that are still there after a while, all of which are ended."""
        last = time.monotonic() + GONE_SECONDS
        while (left := list(self._processes())) and time.monotonic() < last:
            time.sleep(LOOK_SECONDS)
        for number in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        return left

    def _is_at_work(self) -> bool:
        return self._reads.exists() or any(self._here.iterdir())

    def _processes(self) -> Iterator[int]:
        """Whoever has its environment, whatever group it is in; the dead have none."""
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdecimal() and self._mark.encode() in Path("/proc", entry, "environ").read_bytes():
                    yield int(entry)
