"""The files in `constraints/` agree with the bounds of requirements.txt and setup.py."""

import importlib.util
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
ADDITIONS = ROOT / "constraints" / "additions.py"
NEW_ON_COLAB = {"av", "tyro"}
"""What the library requires and Colab has not: all that installing it there adds."""
SLOW_TO_REPLACE = ("tensorflow", "keras", "numpy", "protobuf", "matplotlib", "setuptools")


def _additions() -> Any:
    specification = importlib.util.spec_from_file_location("additions", ADDITIONS)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def pins(name: str) -> dict[str, Version]:
    """The versions in a file of `constraints/`, by normalised name."""
    found = _additions().pins_of(ROOT / "constraints" / name)
    return {package: Version(version) for package, version in found.items()}


@pytest.fixture(scope="module")
def setup_arguments():
    """What setup.py passes to setuptools."""
    taken: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("setuptools.setup", lambda **arguments: taken.update(arguments))
        patch.chdir(ROOT)
        runpy.run_path("setup.py")
    return taken


@pytest.fixture(scope="module")
def required(setup_arguments):
    return [Requirement(line) for line in setup_arguments["install_requires"]]


@pytest.fixture(scope="module")
def required_or_extra(setup_arguments, required):
    extras = setup_arguments["extras_require"].values()
    return [*required, *(Requirement(line) for lines in extras for line in lines)]


def test_the_lowest_versions_are_the_lower_bounds(required_or_extra):
    bounds = {
        canonicalize_name(requirement.name): Version(bound.version)
        for requirement in required_or_extra
        for bound in requirement.specifier
        if bound.operator == ">="
    }
    assert pins("lowest.txt") == bounds


def test_every_requirement_has_a_lower_bound(required):
    assert [str(each) for each in required if not any(bound.operator == ">=" for bound in each.specifier)] == []


def test_colab_satisfies_every_bound(required_or_extra):
    colab = pins("colab.txt")
    wanted = {canonicalize_name(each.name): each for each in required_or_extra}
    refused = {name for name in wanted.keys() & colab.keys() if colab[name] not in wanted[name].specifier}
    assert refused == set()


def test_colab_lacks_only_what_is_added_there(required):
    colab = pins("colab.txt")
    assert colab.keys() >= set(SLOW_TO_REPLACE)
    assert {canonicalize_name(each.name) for each in required} - colab.keys() == NEW_ON_COLAB


def _write_wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    metadata = [
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    information = f"{name}-{version}.dist-info"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr(f"{information}/METADATA", "\n".join(metadata) + "\n")
        files.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        files.writestr(f"{information}/RECORD", "")
    return wheel


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("bound", "options", "status", "printed"),
    [
        ("kept>=1.0", [], 0, "adds 2: added 3.0, ours 1.0\nreplaces 0: nothing\n"),
        ("kept>=1.5", [], 1, "adds 2: added 3.0, ours 1.0\nreplaces 1: kept 1.2 by 2.0\n"),
        ("kept>=1.5", ["--hold"], 1, ""),
    ],
)
def test_what_pip_would_replace_is_told(bound, options, status, printed, tmp_path, monkeypatch):
    ours = _write_wheel(tmp_path, "ours", "1.0", bound, "added")
    _write_wheel(tmp_path, "kept", "2.0")
    _write_wheel(tmp_path, "added", "3.0")
    (tmp_path / "pins.txt").write_text("# comment\nKept==1.2  # why\n\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    command = [sys.executable, str(ADDITIONS), str(tmp_path / "pins.txt"), str(ours), *options]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (status, printed), answer.stderr
