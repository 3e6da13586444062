"""The Python surface: every public name, and one function for each command."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import brave_tf
from brave_tf.cli.main import commands

ROOT = Path(__file__).parents[1]
COMMANDS = ("prepare", "inspect", "pretrain", "evaluate", "report", "export", "convert")
PACKAGES = [
    "brave_tf",
    *(f"brave_tf.{name}" for name in ("convert", "data", "encoders", "export", "method", "models", "preparation")),
    "brave_tf.training",
]

EVERY_NAME = """
import importlib
for name in {packages!r}:
    package = importlib.import_module(name)
    assert sorted(package.__all__) == dir(package), name
    for _ in range(2):
        first = [getattr(package, each) for each in dir(package)]
        assert first == [getattr(package, each) for each in dir(package)], name
        for member in first:
            for each in getattr(member, "__all__", ()):
                assert getattr(member, each) is getattr(member, each), each
"""


def test_every_public_name_works_on_first_and_on_second_access():
    script = EVERY_NAME.format(packages=PACKAGES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("order", [PACKAGES, PACKAGES[::-1]], ids=["top first", "top last"])
def test_no_function_gives_way_to_a_module(order):
    for name in order:
        importlib.import_module(name)
    for name in ("prepare", "inspect", "pretrain", "evaluate", "report"):
        assert inspect.isfunction(getattr(brave_tf, name)), name
    assert callable(brave_tf.export) and brave_tf.export.export_encoder
    assert callable(brave_tf.convert) and brave_tf.convert.to_haiku


@pytest.mark.parametrize("name", PACKAGES)
def test_type_checkers_see_the_same_names(name):
    package = importlib.import_module(name)
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imported = [alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assigned = [target.id for node in block.body if isinstance(node, ast.Assign) for target in node.targets]
    assert sorted([name for name in imported if name] + assigned) == package.__all__


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_function_take_the_same_arguments(name):
    command, function = (inspect.signature(each).parameters for each in (commands()[name], getattr(brave_tf, name)))
    assert list(command) == list(function)
    for argument, ours in command.items():
        theirs = function[argument]
        if isinstance(ours.default, (str, int, float, bool, type(None))):
            assert ours.default == theirs.default, argument


def test_every_function_is_in_the_documents():
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in brave_tf.__all__ if f"`{name}" not in text and f"brave_tf.{name}" not in text] == []


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(AttributeError, match=r"no attribute 'Bravo'; it has .*Brave"):
        _ = brave_tf.Bravo
