"""The Python surface: every public name, and one function for each command, documented once."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import brave_tf
from brave_tf import commands
from brave_tf.cli.main import commands as command_line
from brave_tf.cli.options import given

ROOT = Path(__file__).parents[1]
COMMANDS = (
    *("prepare", "verify", "inspect", "pretrain", "evaluate", "report"),
    *("ablate", "embed", "search", "export", "publish", "convert", "doctor"),
)
OPTION_GROUPS = ("view", "classifier")
"""Arguments of `evaluate` that are a mapping in Python and a group of options on the command line."""
HOW_IT_IS_PRINTED = ("json",)
"""Options of the command line alone: a function returns what the command prints."""
PACKAGES = [
    "brave_tf",
    *(
        f"brave_tf.{name}"
        for name in ("convert", "data", "doctor", "encoders", "export", "method", "models", "preparation")
    ),
    *(f"brave_tf.{name}" for name in ("runs", "training", "verification")),
]
"""Those that load their names on first use."""

EVERY_NAME = """
import importlib, types
waiting, seen = {packages!r}, []
while waiting:
    name = waiting.pop(0)
    package = importlib.import_module(name)
    assert sorted(package.__all__) == dir(package), name
    for _ in range(2):
        first = [getattr(package, each) for each in dir(package)]
        assert first == [getattr(package, each) for each in dir(package)], name
    seen.append(name)
    modules = [member.__name__ for member in first if isinstance(member, types.ModuleType)]
    waiting += [each for each in modules if each not in seen + waiting]
print(*seen)
"""


def test_every_public_name_works_on_first_and_on_second_access():
    script = EVERY_NAME.format(packages=PACKAGES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"brave_tf.config", "brave_tf.losses", "brave_tf.presets"} <= set(done.stdout.split())


@pytest.mark.parametrize("order", [PACKAGES, PACKAGES[::-1]], ids=["top first", "top last"])
def test_no_function_gives_way_to_a_module(order):
    for name in order:
        importlib.import_module(name)
    for name in ("prepare", "verify", "inspect", "pretrain", "evaluate", "report"):
        assert getattr(brave_tf, name) is getattr(commands, name)
    assert callable(brave_tf.export) and brave_tf.export.export_encoder
    assert callable(brave_tf.convert) and brave_tf.convert.to_haiku
    assert callable(brave_tf.doctor) and brave_tf.doctor.diagnose


@pytest.mark.parametrize("name", PACKAGES)
def test_type_checkers_see_the_same_names(name):
    package = importlib.import_module(name)
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imported = [alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(filter(None, imported)) == package.__all__


@pytest.mark.parametrize("name", ["export", "convert", "doctor"])
def test_a_package_that_is_called_calls_its_command(name, monkeypatch):
    monkeypatch.setattr(commands, name, lambda *args, **kwargs: (args, kwargs))
    assert getattr(brave_tf, name)("runs/first", out="exported") == (("runs/first",), {"out": "exported"})


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_function_are_documented_once(name):
    text = inspect.getdoc(getattr(commands, name))
    assert inspect.getdoc(getattr(brave_tf, name)) == inspect.getdoc(command_line()[name]) == text
    for argument in inspect.signature(getattr(commands, name)).parameters:
        assert text.count(f"\n    {argument}: ") == 1, argument
    for part in (f"\nExample: brave-tf {name} ", f"\nIn Python: brave_tf.{name}(", "\nReturns:\n", "\nRaises:\n"):
        assert text.count(part) == 1, part


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_function_take_the_same_arguments(name):
    command, function = (inspect.signature(each).parameters for each in (command_line()[name], getattr(brave_tf, name)))
    assert function == inspect.signature(getattr(commands, name)).parameters
    assert [argument for argument in command if argument not in HOW_IT_IS_PRINTED] == list(function)
    for argument, option in command.items():
        if argument in HOW_IT_IS_PRINTED:
            assert option.default is False, argument
            continue
        default = (given(option.default) or None) if argument in OPTION_GROUPS else option.default
        assert default == function[argument].default, argument


def test_every_function_is_in_the_documents():
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in brave_tf.__all__ if f"`{name}" not in text and f"brave_tf.{name}" not in text] == []


def test_a_name_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(AttributeError, match=r"no attribute 'Bravo'; it has .*Brave"):
        _ = brave_tf.Bravo
