"""Files and their SHA-256, as `verification.json` of an export lists them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from brave_tf.errors import UserError, one_line

VERIFICATION_FILE = "verification.json"
"""Beside an export: what was checked of it, and the SHA-256 of every file that was."""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed_files(folder: Path) -> dict[str, str] | None:
    """What `verification.json` in a folder lists: SHA-256 by path within the folder; None where there is no such file.

    Raises:
        UserError: it is damaged, or names a place outside the folder.
    """
    path = folder / VERIFICATION_FILE
    if not path.is_file():
        return None
    try:
        formats = json.loads(path.read_bytes())["formats"]
        listed = {name: digest for each in formats.values() for name, digest in _files(each).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path} is damaged; expected what `brave-tf export` writes; export the encoder again"
        ) from None
    for name in listed:
        if not is_inside(name):
            raise UserError(f"{path} lists {one_line(name)!r}; expected files within its folder; do not trust it")
    return listed


def _files(checked: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in checked["files"].items()}


def is_inside(name: str) -> bool:
    """Whether a path, with slashes, can only be within the folder that it is relative to."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and "\\" not in name and ".." not in parts


def check_listed(folder: Path, source: str) -> None:
    """Raises `UserError` if a file of a folder is not what `verification.json` beside it lists.

    Args:
        folder: it may lack some of what is listed.
        source: where it comes from, for the message.
    """
    for name, digest in sorted((listed_files(folder) or {}).items()):
        file = folder / name
        if file.is_file() and file_sha256(file) != digest:
            raise UserError(
                f"{source}: {one_line(name)} is not what {VERIFICATION_FILE} lists (its SHA-256 is another); it is "
                "damaged, or was changed after its export: fetch it again, or ask who published it"
            )
