"""Looks at things, here or in a process of its own; whatever happens there, somebody can say what it was."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from brave_tf.doctor.check import Check, problem
from brave_tf.errors import LONGEST_REASON, one_line, short_reason

REPORT = "please report it, with what `brave-tf doctor --json` prints"
PROCESS_FIX = "end other processes, or ask for more of them and more memory; see `ulimit -u`"
_MARK, _DONE = "brave-tf doctor: ", "done"
"""How a line of an answer begins, for others may print, too; and the last one, where nothing went wrong."""


class Probe(NamedTuple):
    """Something to look at.

    Attributes:
        look: gives what it finds, a check at a time; a function of a module, by whose name it is called.
        group: what its checks belong to.
        names: its checks, in the order in which they come; one that does not end is told by its name.
        limit_seconds: how long all of them may take, in a process of their own; None is for what cannot hang or crash.
        fix: what to do where they do not end, or end the process.
    """

    look: Callable[[], Iterator[Check]]
    group: str
    names: Sequence[str] = ()
    limit_seconds: float | None = None
    fix: str = REPORT


def run_here(probe: Probe) -> list[Check]:
    """What a probe finds in this process."""
    checks: list[Check] = []
    try:
        checks += probe.look()
    except Exception as error:
        checks.append(_unfinished(probe, checks, f"the check failed ({_named(error)})", REPORT))
    return checks


class Apart:
    """A probe at work in a process of its own, which ends with the context."""

    def __init__(self, probe: Probe):
        self._probe = probe
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Apart":
        # The same modules as here, wherever they were found, and none from the current folder but those.
        path, look = [str(entry) for entry in sys.path], self._probe.look
        call = f"from {__name__} import tell; tell({look.__module__!r}, {look.__name__!r})"
        # `checks` tells that there is no process.
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {path!r}; {call}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Another process may need the rest of a GPU's memory.
                env={"TF_FORCE_GPU_ALLOW_GROWTH": "true", **os.environ},
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.kill()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        # What hangs in the system does not end before the system lets it: then it is left alone.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)

    def checks(self) -> list[Check]:
        """What it finds within the probe's limit."""
        if self._process is None:
            return [_unfinished(self._probe, [], "no process can be started for it", PROCESS_FIX)]
        try:
            output, words = self._process.communicate(timeout=self._probe.limit_seconds)
        except subprocess.TimeoutExpired as error:
            told, _ = _read(error.output or b"")
            found = f"did not end within {self._probe.limit_seconds:.0f} s"
            return [*told, _unfinished(self._probe, told, found, self._probe.fix)]
        told, last = _read(output)
        if last and last != _DONE:
            told.append(_unfinished(self._probe, told, f"the check failed ({last})", REPORT))
        elif not last:
            end = _end(self._process.returncode, words)
            told.append(_unfinished(self._probe, told, f"its process {end}", self._probe.fix))
        return told


def _end(status: int, words: bytes) -> str:
    """How a process ended, with the last that it said."""
    how = f"ended with status {status}" if status >= 0 else f"was ended by {_signal_name(-status)}"
    lines = [line.strip() for line in words.decode(errors="replace").splitlines() if line.strip()]
    return how + (f": {one_line(lines[-1])[:LONGEST_REASON]}" if lines else "")


def tell(module: str, name: str) -> None:
    """What the process of `Apart` runs: prints each check as a line of JSON, then what went wrong, or `_DONE`."""
    import importlib

    # What libraries print is not for the one who listens.
    with os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1) as answers:
        os.dup2(2, 1)
        try:
            for check in getattr(importlib.import_module(module), name)():
                print(_MARK, json.dumps(dataclasses.asdict(check)), sep="", file=answers)
            last = _DONE
        except Exception as error:
            last = _named(error)
        print(_MARK, json.dumps(last), sep="", file=answers)


def _read(output: bytes) -> tuple[list[Check], str]:
    """Checks that were told, and the last word; empty if it was not told."""
    lines = output.decode(errors="replace").split("\n")[:-1]  # what follows was cut off
    told = [json.loads(line.removeprefix(_MARK)) for line in lines if line.startswith(_MARK)]
    checks = [Check(**each) for each in told if isinstance(each, dict)]
    return checks, next((each for each in told if isinstance(each, str)), "")


def _unfinished(probe: Probe, told: Sequence[Check], found: str, fix: str) -> Check:
    """The check that did not end, and those after it."""
    names = [name for name in probe.names if name not in {check.name for check in told}] or [probe.group]
    missing = f"; so nothing is known of: {', '.join(names[1:])}" if names[1:] else ""
    return problem(probe.group, names[0], found + missing, fix)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {short_reason(error)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
