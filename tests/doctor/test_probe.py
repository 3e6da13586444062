"""What hangs, crashes or fails is told, and the rest all the same."""

import dataclasses

import pytest

from brave_tf.doctor.check import ok
from brave_tf.doctor.diagnosis import diagnose
from brave_tf.doctor.probe import REPORT, Probe
from tests.doctor import looks

FIRST = ok("trial", "first", "there")


def probe(look, limit=60.0):
    return Probe(look, "trial", ("first", "second", "third"), limit, "mend it")


def the_problem(diagnosis):
    first, problem = diagnosis.checks
    assert first == FIRST and not diagnosis.is_well
    assert (problem.group, problem.name, problem.status) == ("trial", "second", "problem")
    assert problem.found.endswith("; so nothing is known of: third") and "\n" not in problem.found
    return problem


def test_what_hangs_is_ended():
    # It takes its time to start, and has to have told the first.
    problem = the_problem(diagnose([probe(looks.hangs, limit=8.0)]))
    assert problem.found.startswith("did not end within 8 s") and problem.fix == "mend it"


def test_what_crashes_is_told_with_its_last_words():
    problem = the_problem(diagnose([probe(looks.crashes)]))
    assert problem.found.startswith("its process was ended by SIGILL: this build needs another processor")
    assert problem.fix == "mend it"


@pytest.mark.parametrize(("look", "status"), [(looks.leaves, 3), (looks.leaves_without_a_word, 0)])
def test_what_leaves_is_told(look, status):
    assert the_problem(diagnose([probe(look)])).found.startswith(f"its process ended with status {status};")


def test_a_process_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr("sys.executable", "/no/such/python")
    (check,) = diagnose([probe(looks.hangs)]).checks
    assert (check.name, check.status) == ("first", "problem")
    assert check.found == "no process can be started for it; so nothing is known of: second, third"


@pytest.mark.parametrize("limit", [60.0, None])
def test_what_fails_is_told_with_its_reason(limit):
    problem = the_problem(diagnose([probe(looks.fails, limit=limit)]))
    assert problem.found.startswith("the check failed (LookupError: no such") and problem.fix == REPORT


def test_what_libraries_print_is_no_answer(tmp_path, monkeypatch):
    # Python imports it before anything else.
    (tmp_path / "sitecustomize.py").write_text("print('one')\nprint('{}')\nprint('\"failed\"')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (check,) = diagnose([probe(looks.babbles)]).checks
    assert check == dataclasses.replace(FIRST, found="größer \n zwei")


@pytest.mark.parametrize("limit", [60.0, None])
def test_the_home_folder_is_left_out(limit):
    (check,) = diagnose([probe(looks.tells_where_it_is, limit)]).checks
    assert check.found == "~/folder"


def test_one_that_fails_stops_no_other():
    diagnosis = diagnose(
        [Probe(looks.fails_at_once, "a"), probe(looks.crashes), Probe(looks.babbles, "trial", ("first",), 60.0)]
    )
    assert [(check.group, check.name) for check in diagnosis.problems] == [("a", "a"), ("trial", "second")]
    assert [check.status for check in diagnosis.checks] == ["problem", "ok", "problem", "ok"]
