"""A command line that does not parse is one line, in the same voice as every other mistake."""

import os
import re

import pytest

from brave_tf.cli.interface import read_command
from brave_tf.cli.main import commands, main
from brave_tf.cli.parsing import postponed
from brave_tf.cli.wrong_usage import wrong_argument

EVALUATE = ["evaluate", "run", "--data", "d", "--out", "o"]
PRETRAIN = ["pretrain", "tiny-va", "--data", "d", "--run", "r"]


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "received no command; expected one of demo, prepare, "),
        (["preppare", "x"], "received the command preppare; did you mean prepare? expected one of demo, prepare, "),
        (["zebra"], "received the command zebra; expected one of demo, prepare, "),
        (["--jsn", "presets"], "received --jsn; did you mean --json? expected a command first: one of demo, prepare, "),
        (["--versoin"], "received --versoin; did you mean --version? expected a command first: one of demo, prepare, "),
        (["--version", "x"], "received --version with x; expected it alone"),
        (["pretrian", "--help"], "received the command pretrian; did you mean pretrain? expected one of demo, "),
        (
            ["pretrain", "tiny-va", "--sed", "3"],
            "received --sed; did you mean --seed? expected an option of `brave-tf pretrain`; see `brave-tf pretrain "
            "--help`",
        ),
        (["pretrain", "tiny-va", "--batchsize=3"], "received --batchsize; did you mean --batch-size? expected an op"),
        ([*EVALUATE, "--neighbors", "3"], "received --neighbors; did you mean --neighbours? expected an option of"),
        ([*EVALUATE, "--join-windows", "half"], "received --join-windows half; expected one of mean, concat, thirds"),
        (["presets", "--colour"], "received --colour; expected an option of `brave-tf presets`; see "),
        (
            ["export"],
            "received no ENCODER and no --out; expected brave-tf export ENCODER --out OUT; see `brave-tf export "
            "--help`",
        ),
        (["publish", "d"], "received no --to; expected brave-tf publish DIRECTORY --to PLACE; see "),
        ([*PRETRAIN, "--steps"], "received --steps with nothing after it; expected a value: optimizer steps, instead"),
        (
            ["ablate", "table1", "--data", "d", "--out", "o", "--extents", "1", "2"],
            "received --extents with 1 2 after it; expected 3 values: for table1",
        ),
        ([*PRETRAIN, "--seed", "abc"], "received --seed abc; expected a whole number: seed of everything random"),
        ([*PRETRAIN, "--seed=1.5"], "received --seed 1.5; expected a whole number: seed of everything random"),
        (["embed", "run", "a.mp4", "--out", "o", "--window", "2s"], "received --window 2s; expected a number: seconds"),
        ([*PRETRAIN, "--strict=yes"], "received --strict=yes; expected --strict alone; see "),
        (
            [*EVALUATE, "--protocol", "linaer"],
            "received --protocol linaer; did you mean linear? expected one of linear, linear-lars, ",
        ),
        ([*EVALUATE, "--tower", "narow"], "received --tower narow; did you mean narrow? expected one of narrow, broad"),
        (["ablate", "tabel3"], "received TABLE tabel3; did you mean table3? expected one of table1, "),
        (["prepare", "v", "--out", "o", "--layout", "ucf-101"], "received --layout ucf-101; did you mean ucf101? "),
        (["export", "run", "--out", "o", "--formats", "keras", "onxx"], "received --formats onxx; did you mean onnx? "),
        (["completion", "bsh"], "received SHELL bsh; did you mean bash? expected one of bash, zsh, fish"),
        (
            ["prepare", "my", "videos", "--out", "o"],
            "received videos, which has no place; expected brave-tf prepare SOURCE --out OUT; a name with spaces needs "
            "quotes; see ",
        ),
        (["search", "t", "--near-duplicates", "a", "b"], "received --near-duplicates a b; expected one score, or none"),
        (["presets", "--quiet", "--verbose"], "received --quiet and --verbose; expected one of them"),
    ],
)
def test_what_does_not_parse_is_one_line(words, line, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1
    assert err.startswith(f"brave-tf: error: {line}")


def test_what_the_reason_is_not_found_of_is_said_as_the_parser_says_it(monkeypatch, capsys):
    monkeypatch.setattr("brave_tf.cli.parsing.wrong_argument", lambda command, words: None)
    with pytest.raises(SystemExit, match="2"):
        main([*PRETRAIN, "--seed", "abc"])
    err = capsys.readouterr().err
    assert re.match(r"brave-tf: error: [^\u2500-\u259f]*--seed[^\u2500-\u259f]*abc[^\u2500-\u259f]*\n$", err)


@pytest.mark.parametrize("name", commands())
def test_what_is_read_of_a_command_is_what_its_help_shows(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    text = capsys.readouterr().out
    # What an option is for stands further to the right.
    lines = [line for line in text.splitlines() if re.match("[│ ]{1,2} ?-", line)]
    shown = {word for line in lines for word in re.findall(r"(?:[│ ] |, )(--?[a-z][\w.-]*)", line.partition("   ")[0])}
    command = read_command(name, postponed(commands()[name]))
    assert {each for option in command.options for each in option.names} == shown - {"-h", "--help"}
    assert command.help and all(argument.help for argument in (*command.places, *command.options))


@pytest.mark.parametrize(
    "words",
    [
        PRETRAIN,
        [*PRETRAIN, "--seed", "-1", "--set", "steps=3", "narrow.frames=4", "--strict", "--no-strict"],
        [*PRETRAIN, "--batch_size", "None"],
        ["embed", "run", "a", "b", "--out", "o", "--window", "1e-1", "--dense"],
        ["search", "t", "--near-duplicates", "--json"],
        ["search", "t", "--near-duplicates", "0.5"],
    ],
)
def test_nothing_is_wrong_with_what_parses(words):
    name, *rest = words
    assert wrong_argument(read_command(name, postponed(commands()[name])), rest) is None
