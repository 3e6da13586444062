"""Versions are compared as `packaging` compares them, which the library does without."""

import hypothesis
import hypothesis.strategies as st
import pytest
from packaging.requirements import Requirement as Reference
from packaging.specifiers import SpecifierSet

from brave_tf.doctor import versions

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
VERSIONS = st.tuples(NUMBERS, st.sampled_from(["", "rc1", "a2", ".dev3", ".post1", "+local.7"])).map("".join)
BOUNDS = st.lists(st.tuples(st.sampled_from([">=", "<"]), NUMBERS).map("".join), max_size=3).map(",".join)


@hypothesis.given(VERSIONS, BOUNDS)
def test_bounds_hold_as_elsewhere(version, bounds):
    assert versions.meets(version, bounds) == SpecifierSet(bounds).contains(version, prereleases=True)


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("2.21.0", ">=2.21", True),
        ("2.9.0", ">=2.21", False),
        ("3.0.0rc1", ">=3", False),
        ("3.0.0rc1", "<3", False),
        ("2.20.0+nv25.2", ">=2.20,<3", True),
        ("1.0", "==1.0.0", True),
        ("1.1", "!=1.1", False),
        ("1.1", "<=1.1,>1", True),
    ],
)
def test_bounds(version, bounds, fits):
    assert versions.meets(version, bounds) is fits


@pytest.mark.parametrize(("version", "bounds"), [("new", ">=1"), ("1.0", "~=1.0"), ("1.0", "===1.0"), ("1.0", ">=old")])
def test_what_cannot_be_compared_is_said(version, bounds):
    with pytest.raises(ValueError, match=r"received .*; expected"):
        versions.meets(version, bounds)


def test_the_metadata_of_the_library_is_read_as_it_is_meant():
    lines = versions.importlib.metadata.requires("brave-tf")
    for line, parsed in zip(lines, versions.requirements(), strict=True):
        reference = Reference(line)
        assert parsed.name == reference.name and SpecifierSet(parsed.bounds) == reference.specifier
        assert (f'extra == "{parsed.extra}"' in line) if parsed.extra else "extra" not in line


def test_requirements_of_some_machines_are_told_apart(monkeypatch):
    lines = [
        'a>=1; python_version < "3.12" and extra == "b"',
        "c[d]>=2,<3",
        'e; extra == "f"',
        "g (>=4)",
        "h @ file:///x",
    ]
    monkeypatch.setattr(versions.importlib.metadata, "requires", lambda name: lines)
    assert versions.requirements() == [
        versions.Requirement("a", ">=1", "b", True),
        versions.Requirement("c", ">=2,<3", "", False),
        versions.Requirement("e", "", "f", False),
        versions.Requirement("g", ">=4", "", False),
        versions.Requirement("h", "", "", False),
    ]
