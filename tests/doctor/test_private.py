"""Nothing in a report names its user or the machine."""

import getpass
import os
import platform
from pathlib import Path

import pytest

from brave_tf.doctor import private
from brave_tf.doctor.check import note


@pytest.fixture
def shown(monkeypatch):
    """What becomes of a text of the user ada, on a machine of that name."""
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    monkeypatch.setattr(os.path, "realpath", lambda path: "/mnt/users7/ada")
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    monkeypatch.setattr(platform, "node", lambda: "lab-3.example.org")
    private._changes.cache_clear()
    yield lambda text: private.without_names(note("group", "name", text, text)).found
    private._changes.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ada/.cache/brave_tf cannot be written", "~/.cache/brave_tf cannot be written"),
        ("in '/home/ada'", "in '~'"),
        ("/mnt/users7/ada/x", "~/x"),
        ("/home/adam/x", "/home/USER/x"),
        ("/Users/grace/env", "/Users/USER/env"),
        ("/scratch/ada/tmp", "/scratch/USER/tmp"),
        ("/scratch/ada", "/scratch/USER"),
        ("ada@lab-3.example.org:22", "USER@HOST:22"),
        ("no answer from lab-3", "no answer from HOST"),
        ("lab-30 and adapted are left", "lab-30 and adapted are left"),
    ],
)
def test_names_are_left_out(shown, text, expected):
    assert shown(text) == expected


def test_the_fix_is_cleared_too(shown):
    assert private.without_names(note("g", "n", "", "see /home/ada/x")).fix == "see ~/x"


def test_a_user_without_a_name_or_a_home(monkeypatch):
    def none():
        raise RuntimeError

    monkeypatch.setattr(Path, "home", none)
    monkeypatch.setattr(getpass, "getuser", lambda: {}["nobody"])
    private._changes.cache_clear()
    assert private.without_names(note("g", "n", "/data/x", "")).found == "/data/x"
    private._changes.cache_clear()
