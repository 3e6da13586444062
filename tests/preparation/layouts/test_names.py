"""Names: extensions, and names that hold what does not print."""

import os

import pytest

from brave_tf.errors import one_line
from brave_tf.preparation.layouts.names import extension_of, printable, split_extension


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a.mp4", ("a", ".mp4")),
        ("a.b.MP4", ("a.b", ".mp4")),
        ("a.5", ("a.5", "")),
        ("a.", ("a.", "")),
        ("mp4", ("mp4", "")),
        (".mp4", (".mp4", "")),
        ("", ("", "")),
        ("..", ("..", "")),
    ],
)
def test_media_extensions_are_split_off(name, parts):
    assert split_extension(name) == parts


def test_other_extensions_are_extensions_too():
    assert [extension_of(name) for name in ("a.TXT", "a.b.c", "a", "a.", ".a")] == [".txt", ".c", "", "", ""]


def test_what_does_not_print_is_escaped():
    name = os.fsdecode(b"caf\xe9 \xc3\xa9\n.mp4")
    assert printable(name) == "caf\\xe9 é\n.mp4"
    assert one_line(name) == "caf\\xe9 é\\n.mp4"
    assert one_line("\x1b[2J\ud800\u202e") == "\\x1b[2J\\ud800\\u202e"
