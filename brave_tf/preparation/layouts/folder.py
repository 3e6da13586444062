"""A folder of media files; sub-folders name the classes."""

import os
from pathlib import Path

from brave_tf.errors import UserError
from brave_tf.preparation.layouts import Listing, Source
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.layouts.walk import INSIDE, Reach, links_left, walk

SPLIT_FOLDERS = {
    "train": "train",
    "test": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}


def list_folder(folder: Path, reach: Reach = INSIDE) -> Listing:
    """Lists the media files below a folder.

    The first folder on the way to a file is its label. If all top-level folders are called train, test, val, valid or
    validation, they are splits, and the folders inside them are the labels. Hidden files and folders are passed over.

    Args:
        folder: the source.
        reach: which entries below the folder belong to it.

    Raises:
        UserError: there is no media file, or the folder cannot be read.
    """
    found = walk(folder, reach)
    if not found.media:
        raise UserError(
            f"{folder} holds no media files{links_left(found.ignored)}; expected some with extensions like .mp4, .mkv, "
            ".webm or .wav"
        )
    has_splits = all(path.split(os.sep, 1)[0].lower() in SPLIT_FOLDERS for path in found.media)
    return Listing([_source(folder, path, has_splits) for path in found.media], found.ignored, notes=found.notes)


def _source(folder: Path, path: str, has_splits: bool) -> Source:
    *folders, _ = path.split(os.sep)
    split = SPLIT_FOLDERS[folders.pop(0).lower()] if has_splits else None
    labels = {"label": printable(folders[0])} if folders else {}
    return Source(folder / path, printable(path.replace(os.sep, "/")), split=split, labels=labels)
