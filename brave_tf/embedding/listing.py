"""Which media files a user means by files, folders and lists."""

import collections
import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

from brave_tf.errors import UsageError, UserError
from brave_tf.preparation.layouts import Listing, Source
from brave_tf.preparation.layouts.csv_list import list_csv
from brave_tf.preparation.layouts.folder import list_folder
from brave_tf.preparation.layouts.names import extension_of, printable
from brave_tf.storage import as_source

TWICE = "given twice"


@dataclasses.dataclass(frozen=True)
class MediaListing:
    """The files to embed.

    Attributes:
        sources: in the order in which they were given; their names are their paths.
        ignored: what else lies in the folders, counted by extension or by kind.
        notes: what its user has to know, a line each.
    """

    sources: list[Source]
    ignored: dict[str, int]
    notes: list[str]


def list_media(media: Iterable[str | os.PathLike[str]]) -> MediaListing:
    """Lists files, the media files below folders, and the rows of CSV files.

    A CSV file is what `brave-tf prepare` takes: a column `path`, and optionally `start` and `end` in seconds.

    Raises:
        UserError: there is no such file or folder, a folder holds no media, or a list cannot be read.
        UsageError: nothing was given.
    """
    found: dict[tuple[str, float | None, float | None], Source] = {}
    ignored: collections.Counter[str] = collections.Counter()
    notes: list[str] = []
    for place in map(as_source, media):
        listing = _list(place)
        ignored.update(listing.ignored)
        notes += listing.notes
        for source in listing.sources:
            key = (os.fspath(source.path), source.start_seconds, source.end_seconds)
            ignored[TWICE] += key in found
            found.setdefault(key, dataclasses.replace(source, name=printable(os.fspath(source.path))))
    if not found:
        raise UsageError("received no media; expected files, folders or CSV lists, or --data DATASET")
    return MediaListing(list(found.values()), {name: count for name, count in ignored.items() if count}, notes)


def _list(place: Path) -> Listing:
    if place.is_dir():
        return list_folder(place)
    if not place.exists():
        raise UserError(f"{place} does not exist; expected a media file, a folder of them, or a CSV list")
    if extension_of(place.name) == ".csv":
        return list_csv(place)
    return Listing([Source(place, place.name)])
