"""A folder of media files; sub-folders name the classes."""

import collections
import os
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing, Source

SPLIT_FOLDERS = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
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


def list_folder(folder: Path) -> Listing:
    """Lists the media files below a folder.

    The first folder on the way to a file is its label. If all top-level folders are called train, test, val, valid or
    validation, they are splits, and the folders inside them are the labels. Hidden files are passed over.

    Raises:
        UserError: there is no media file.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    media = [path for path in files if _is_media(path)]
    if not media:
        raise UserError(f"{folder} holds no media files; expected some with extensions like .mp4, .mkv, .webm or .wav")
    tops = {path.relative_to(folder).parts[0] for path in media}
    has_splits = all(top.lower() in SPLIT_FOLDERS and (folder / top).is_dir() for top in tops)
    ignored = collections.Counter(path.suffix.lower() or "no extension" for path in files if not _is_media(path))
    return Listing([_source(path, folder, has_splits) for path in media], dict(ignored))


def _source(path: Path, folder: Path, has_splits: bool) -> Source:
    *folders, _ = path.relative_to(folder).parts
    split = SPLIT_FOLDERS[folders.pop(0).lower()] if has_splits else None
    labels = {"label": printable(folders[0])} if folders else {}
    return Source(path, printable(path.relative_to(folder).as_posix()), split=split, labels=labels)


def printable(name: str) -> str:
    r"""A file name as text: bytes that are not UTF-8 become escapes like \xe9."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_media(path: Path) -> bool:
    return path.suffix.lower() in MEDIA_EXTENSIONS


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
