"""Names of files: which of them are media, and how a name reads as text."""

import os
from collections.abc import Iterable

from brave_tf.errors import one_line

MEDIA_EXTENSIONS = frozenset(
    [
        ".3gp",
        ".aac",
        ".aiff",
        ".asf",
        ".avi",
        ".flac",
        ".flv",
        ".gif",
        ".m2ts",
        ".m4a",
        ".m4v",
        ".mka",
        ".mkv",
        ".mov",
        ".mp3",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".oga",
        ".ogg",
        ".ogv",
        ".opus",
        ".ts",
        ".vob",
        ".wav",
        ".webm",
        ".wma",
        ".wmv",
    ]
)

MOST_LISTED = 300
"""Signs of the names in a message."""


def extension_of(name: str) -> str:
    """The extension of a file's name in lower case, with its dot; empty if there is none."""
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""


def split_extension(name: str) -> tuple[str, str]:
    """A file's name, and its extension in lower case; a name that ends in no media extension has none."""
    extension = extension_of(name)
    return (name[: -len(extension)], extension) if extension in MEDIA_EXTENSIONS else (name, "")


def printable(name: str) -> str:
    r"""A file name as text: bytes that are not UTF-8 become escapes like \xe9."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def listed(names: Iterable[str]) -> str:
    """The names of columns, to be shown; not all of them if they are long, as in a file that is no table."""
    line = one_line(", ".join(names))
    return (line if len(line) <= MOST_LISTED else line[:MOST_LISTED] + "...") or "none"
