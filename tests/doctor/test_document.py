"""What docs/doctor.md prints is what the command prints."""

import re
from pathlib import Path

import pytest

import brave_tf
from brave_tf.doctor.diagnosis import PROBES
from brave_tf.doctor.extras import EXTRAS
from brave_tf.doctor.versions import requirements

TEXT = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
LINES = re.findall(r"^  (?:ok|note|PROBLEM) +([^:]+): ", EXAMPLE, re.MULTILINE)


def test_every_group_is_told():
    for probe in PROBES:
        assert f"\n| {probe.group} | " in TEXT


@pytest.mark.parametrize("probe", [probe for probe in PROBES if probe.names], ids=lambda probe: probe.group)
def test_the_example_shows_what_is_looked_at(probe):
    if probe.group != "system":
        assert set(probe.names) <= set(LINES)


def test_the_example_shows_nothing_else():
    known = {name for probe in PROBES for name in probe.names} | set(EXTRAS)
    assert set(LINES) - known <= {"brave-tf", "tensorflow", "keras", "workers"}


def test_the_example_has_the_versions_of_today():
    bounds = {each.name: each.bounds for each in requirements() if not each.extra}
    shown = dict(re.findall(r"^  ok +(tensorflow|keras): .*\(expected (\S+)\)$", EXAMPLE, re.MULTILINE))
    assert shown == {name: bounds[name] for name in ("tensorflow", "keras")}
    assert f"brave-tf: {brave_tf.__version__}\n" in EXAMPLE


def test_every_extra_is_in_the_instructions():
    instructions = (Path(__file__).parents[2] / "docs" / "installing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| ", instructions, re.MULTILINE)
    assert {name.strip("` ") for row in rows for name in row.split(",")} == set(EXTRAS)


@pytest.mark.parametrize("probe", [probe for probe in PROBES if probe.limit_seconds], ids=lambda probe: probe.group)
def test_the_limits_are_told(probe):
    assert f"{probe.limit_seconds:.0f}" in TEXT.split("does not\nend, as on")[1].split("##")[0]
