"""Programs that a test starts in processes of their own, without the seconds that importing TensorFlow takes in each.

A server process imports TensorFlow once and forks before it computes anything. What it forks is a process like any
other: it has its own devices and memory, and can be stopped and killed.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tensorflow", "keras", "tensorflow_hub"])

ONE_UNIT_COMMAND = (
    "-c",
    "import pytest; from tests.reduced import one_unit; from brave_tf.cli.main import main;"
    " one_unit(pytest.MonkeyPatch()); raise SystemExit(main())",
)
"""The words of `brave-tf`, with networks as the fixture `one_unit` leaves them."""


class Program:
    """A running program, with the methods of `subprocess.Popen` that tests use.

    Args:
        words: `-m MODULE`, `-c CODE` or a file, and arguments, as Python's command line takes them.
        output: file to append standard output and error to; by default a temporary one.
        environment: its environment variables; by default those of this process.
        folder: where it runs; by default where this process does.
    """

    def __init__(
        self,
        words: Sequence[str],
        output: Path | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        if output is None:
            descriptor, name = tempfile.mkstemp(suffix=".log")
            os.close(descriptor)
            output = Path(name)
        self._output = output
        place = os.getcwd() if folder is None else str(folder)
        variables = dict(os.environ if environment is None else environment)
        self._process = _CONTEXT.Process(target=_run, args=(list(words), str(output), variables, place))
        self._process.start()

    def poll(self) -> int | None:
        """The exit status, minus a signal's number; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end: the exit status."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise TimeoutError(f"still running after {timeout} s:\n{self.text()}")
        return status

    def send_signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def text(self) -> str:
        """What it wrote so far."""
        return self._output.read_text(encoding="utf-8")


def run_checker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `brave_tf.export.verify` runs to check a format."""
    from brave_tf.export import verify

    program = Program([str(verify.PROGRAM), *arguments])
    status = program.wait(verify.TIMEOUT_SECONDS)
    return subprocess.CompletedProcess([], status, program.text(), program.text())


def _run(words: list[str], output: str, variables: dict[str, str], folder: str) -> None:
    with open(output, "a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    kind, *rest = words
    if kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = words
        runpy.run_path(kind, run_name="__main__")
