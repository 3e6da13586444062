"""Files, and the SHA-256 of their content."""

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files by their paths in a folder, in order."""
    return {name: file_sha256(folder / name) for name in sorted(names)}


def is_inside(name: str) -> bool:
    """Whether a path, with slashes, can only be within the folder that it is relative to."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and "\\" not in name and ".." not in parts
