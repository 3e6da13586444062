"""Every block of the documents is of a known kind, and every command in them is one that this version understands."""

import contextlib
import functools
import inspect
import io
import json
import re
from collections import Counter

import pytest

from brave_tf import presets
from brave_tf.cli import main as command_line
from brave_tf.config.values import override
from tests.docs.blocks import DOCUMENTS, ROOT, SHELL, blocks, inline_commands

NOT_TO_BE_RUN = {
    **{"docs/command-line.md": 2, "docs/concepts.md": 1, "docs/doctor.md": 1, "docs/scaling.md": 1},
    "docs/serving.md": 1,
    "README.md": 2,
}
"""Blocks marked `text`, by document: a formula, and what programs print or read. Others may not be passed over."""
OTHER_PROGRAMS = ("tensorboard", "tensorflow_model_server", "git", "export", "source")
"""Programs of others, and words of the shell, whose arguments nothing here can judge."""
STANDS_FOR_A_PRESET = "PRESET"


def test_every_block_is_of_a_kind_that_is_checked():
    assert {block.language for block in blocks()} <= {*SHELL, "python", "json", "text"}
    marked = Counter(block.document for block in blocks("text"))
    assert marked == {document: number for document, number in NOT_TO_BE_RUN.items() if document in DOCUMENTS}


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block):
    assert json.loads(block.text)


@pytest.mark.parametrize("block", blocks(*SHELL), ids=str)
def test_every_line_of_a_shell_block_is_understood(block, parsed):
    commands = block.commands()
    assert commands
    for program, *words in commands:
        if program == "brave-tf":
            check_command(words, parsed)
        elif program in ("pip", "%pip"):
            check_installation(words)
        elif program == "make":
            check_target(words)
        elif program in ("python", "python3"):
            check_script(words)
        else:
            assert program in OTHER_PROGRAMS, f"{block}: unknown program {program}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_options_of_commands_in_the_running_text_exist(document):
    """Words in capitals stand for others there, and brackets for what may be left out: only options can be judged."""
    known = {name: options_of(name) for name in command_line.commands()}
    for text in inline_commands(document):
        command, *words = text.removeprefix("brave-tf ").split()
        if command.startswith("-") or command.isupper():
            continue
        assert command in known, text
        used = {word.strip("[]().,").partition("=")[0] for word in words if re.match(r"[\[(]*--\w", word)}
        assert used <= known[command], f"{document}: {text}"


def check_command(words, parsed):
    """The real command line takes these words; a preset is there, and so are the settings that are changed."""
    assert command_line.main(words) == 0, words
    ((command, given),) = parsed
    parsed.clear()
    preset = given.get("preset")
    if preset is not None and preset != STANDS_FOR_A_PRESET:
        # One tuple for each time that the option is given.
        override(presets.get(preset), [setting for settings in given.get("set", ()) for setting in settings])
    assert command == words[0]


def check_installation(words):
    """`pip install .`, and the extras that are named."""
    assert words[0] == "install", words
    known = set(re.findall(r'^        "([a-z-]+)": ', (ROOT / "setup.py").read_text(encoding="utf-8"), re.MULTILINE))
    for word in words[1:]:
        found = re.fullmatch(r"(?:-q|\.|brave[-_]tf|tensorflow-serving-api)(?:\[([a-z,-]+)\])?", word)
        assert found, word
        assert not found[1] or set(found[1].split(",")) <= known, word


def check_target(words):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {word for word in words if "=" not in word} <= set(targets), words


def check_script(words):
    """A program of this repository, that has the options that it is given; or the making of an environment."""
    if words == ["-m", "venv", ".venv"]:
        return
    file = ROOT / (f"{words[1].replace('.', '/')}.py" if words[0] == "-m" else words[0])
    source = file.read_text(encoding="utf-8")
    missing = [word for word in words if word.startswith("--") and f'"{word}"' not in source]
    assert not missing, f"{file.name} has no {missing}"


@functools.cache
def options_of(command):
    """The options of a command, as its help names them."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
        command_line.main([command, "--help"])
    return set(re.findall(r"(?<![\w-])--[a-z][\w.-]*\w", out.getvalue()))


@pytest.fixture
def parsed(monkeypatch):
    """What would be run: (command, arguments by name), of every command line since."""
    found = []

    def recorder(name, command):
        @functools.wraps(command)
        def record(*args, **kwargs):
            found.append((name, dict(zip(inspect.signature(command).parameters, args, strict=False)) | kwargs))

        return record

    known = command_line.commands()
    monkeypatch.setattr(command_line, "commands", lambda: {name: recorder(name, each) for name, each in known.items()})
    return found
