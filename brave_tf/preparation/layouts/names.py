"""Names of files: which of them are media, and how a name reads as text."""

import os

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


def one_line(name: str) -> str:
    r"""A name, which may hold anything, to be shown: what does not print becomes escapes like \n or \xe9."""
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in name)


def _escaped(sign: str) -> str:
    # How Python holds a byte of a file's name that is not UTF-8.
    if "\udc80" <= sign <= "\udcff":
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()
