"""`brave-tf doctor`: what it prints, its exit status, and that it answers where TensorFlow and PyAV do not load."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from brave_tf import commands
from brave_tf.cli.main import main
from brave_tf.doctor.check import note, ok, problem
from brave_tf.doctor.diagnosis import PROBES, Diagnosis

WELL = (ok("media", "PyAV", "18.1.0"), ok("media", "a tiny decode", "5 frames", 0.25))
NOTED = note("disk", "cache", "[bold] cannot be written", "set XDG_CACHE_HOME")
MISSING = note("extras", "flow", "missing", 'pip install "brave_tf[flow]"')
BROKEN = problem("tensorflow", "TensorFlow", "does not load", "install it again")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command where so much is found: the exit status, and the lines on standard output and error."""
    monkeypatch.setattr(os, "environ", os.environ.copy())

    def run_with(checks, *arguments):
        monkeypatch.setattr(commands, "doctor", lambda: Diagnosis(tuple(checks)))
        status = main(["doctor", *arguments])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.splitlines()

    return run_with


def test_a_machine_on_which_all_is_well(run):
    assert run(WELL) == (
        0,
        [
            "media",
            "  ok       PyAV: 18.1.0",
            "  ok       a tiny decode: 5 frames (0.2 s)",
            "Nothing stops work.",
            "For a bug report: brave-tf doctor --json",
        ],
        [],
    )


def test_notes_stop_nothing(run):
    status, lines, errors = run((NOTED, MISSING))
    assert (status, errors) == (0, [])
    assert lines[:3] == ["disk", "  note     cache: [bold] cannot be written", "           set XDG_CACHE_HOME"]
    assert lines[-2] == "Nothing stops work; of note: cache (disk)."


def test_a_problem_is_an_exit_status(run):
    status, lines, errors = run((*WELL, BROKEN))
    assert status == 1
    assert lines[-3:-1] == ["  PROBLEM  TensorFlow: does not load", "           install it again"]
    assert errors == [
        "brave-tf: error: 1 problem stops work: TensorFlow (tensorflow); mend what is printed as a problem, as it says "
        "there"
    ]
    assert "2 problems stop work: TensorFlow (tensorflow), TensorFlow" in run((BROKEN, BROKEN))[2][0]


@pytest.mark.parametrize(("checks", "status"), [(WELL, 0), ((NOTED,), 0), ((BROKEN, NOTED), 1)])
def test_json_is_all_of_it(run, checks, status):
    found, lines, _ = run(checks, "--json")
    told = json.loads("\n".join(lines))
    assert found == status and told == Diagnosis(tuple(checks)).as_dict()
    assert told["is_well"] is (status == 0) and len(told["checks"]) == len(checks)


def doctor(*arguments, **environment):
    """The command in a process of its own."""
    words = [sys.executable, "-m", "brave_tf", "doctor", *arguments]
    return subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


def by_name(text):
    return {check["name"]: check for check in json.loads(text)["checks"]}


def broken(folder, **sources):
    """A folder for PYTHONPATH, with packages that do what they are told when they are imported."""
    for name, source in sources.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(source)
    return str(folder)


def test_it_answers_where_neither_tensorflow_nor_pyav_loads(tmp_path):
    path = broken(
        tmp_path,
        tensorflow="raise ImportError('libtensorflow_framework.so.2: cannot open shared object file')",
        av="import os, signal; print('no codec'); os.kill(os.getpid(), signal.SIGSEGV)",
    )
    done = doctor("--json", PYTHONPATH=path, HF_TOKEN="never-told", TF_CONFIG="{never-told")
    found = by_name(done.stdout)
    assert done.returncode == 1 and "never-told" not in done.stdout
    assert "ImportError: libtensorflow_framework.so.2: cannot open" in found["TensorFlow"]["found"]
    assert found["PyAV"]["found"].startswith("its process was ended by SIGSEGV")
    assert {found[name]["status"] for name in ("TensorFlow", "PyAV", "TF_CONFIG")} == {"problem"}
    assert {found[name]["status"] for name in ("Python", "numpy", "CPU")} <= {"ok", "note"}
    assert done.stderr.splitlines()[-1].startswith("brave-tf: error: 3 problems stop work: TensorFlow")


def test_it_answers_where_tensorflow_ends_the_process(tmp_path):
    source = "import os, sys; print('needs AVX', file=sys.stderr, flush=True); os.abort()"
    done = doctor(PYTHONPATH=broken(tmp_path, tensorflow=source, av="raise ImportError"))
    assert done.returncode == 1
    assert "  PROBLEM  TensorFlow: its process was ended by SIGABRT: needs AVX; so nothing is known of" in done.stdout


def test_the_function_gives_what_the_command_prints(monkeypatch):
    import brave_tf

    monkeypatch.setattr("brave_tf.doctor.diagnosis.diagnose", lambda: Diagnosis(WELL))
    diagnosis = brave_tf.doctor()
    assert diagnosis.is_well and diagnosis.checks == WELL and diagnosis.problems == () == diagnosis.notes


@pytest.mark.thorough
def test_this_machine():
    done = doctor("--json")
    found = by_name(done.stdout)
    assert found["a tiny train step"]["status"] == found["a tiny decode"]["status"] == "ok", done.stdout
    assert found["a tiny train step"]["seconds"] > 0 and found["a tiny decode"]["seconds"] > 0
    assert {check["group"] for check in found.values()} == {probe.group for probe in PROBES}
    assert str(Path.home()) not in done.stdout
    assert platform.node() not in done.stdout.replace('"', " ").split()
