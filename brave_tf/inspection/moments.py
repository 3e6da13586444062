"""The page of a search: a picture of each answer, and where the page finds its file."""

import os
import shlex
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from brave_tf.data.open import open_dataset
from brave_tf.embedding.answers import Answer
from brave_tf.embedding.moment_job import Kind
from brave_tf.embedding.near_duplicates import FilePair
from brave_tf.embedding.search import Found
from brave_tf.errors import one_line
from brave_tf.inspection.moment_pictures import DatasetPictures, pictures_of_files
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.pages import search as search_page
from brave_tf.pages.search_content import Moment, SearchContent
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.limits import MediaError
from brave_tf.progress import Advance, track, warn
from brave_tf.storage import as_path, is_remote

NAMED = 3
"""Files without a picture that are named one by one."""
NOT_THERE = "the file is not where the table says"


def write_search_page(path: str | os.PathLike[str], found: Found) -> None:
    """Writes the page of a search; answers that cannot be shown are counted and named.

    Args:
        path: the page.
        found: the answers.

    Raises:
        UserError: it cannot be written, the table's dataset cannot be opened, or no process can be started.
    """
    place, facts, table = as_path(path), found.facts, found.table
    query, compared, kind = found.query, found.compared, _kind(facts.card.modality)
    spans = [span for answer in found.answers for span in _spans(answer)]
    folder = found.folder
    places = [_Place(name, None if folder is None else folder / name, start, end, kind) for name, start, end in spans]
    of_query = []
    if query is not None and compared is not None:
        name = printable(os.fspath(query.path))
        of_query = [_Place(name, query.path, compared.start, compared.end, _kind(compared.modality))]
    with track(len(places) + len(of_query), "looking at the answers") as advance:
        if facts.data is None:
            shown = _of_files(of_query + places, place, advance)
        else:
            dataset = DatasetPictures(open_dataset(facts.place_of(facts.data)))
            shown = _of_files(of_query, place, advance) + [_of_dataset(dataset, each, advance) for each in places]
    moments = shown[len(of_query) :]
    _say_what_is_missing(moments)
    left = iter(moments)
    answers = [(answer.score, [next(left) for _ in _spans(answer)]) for answer in found.answers]
    title = f"Files that are alike in {table.name}" if query is None else f"Moments like {query.title}"
    asked = shown[0] if of_query else None
    command = shlex.join([*found.command, "--html", os.fspath(path)])
    content = SearchContent(title, str(table), facts.rows, facts.files, facts.encoder, asked, answers, command)
    search_page.write(path, content)


class _Place(NamedTuple):
    """A stretch of a file: its name, where it is if it is a file here, start and end, and what to draw of it."""

    name: str
    media: Path | None
    start: float
    end: float
    kind: Kind


def _kind(modality: Modality) -> Kind:
    return "spectrogram" if MODALITIES[modality].is_sound else "frame"


def _spans(answer: Answer | FilePair) -> list[tuple[str, float, float]]:
    """Name, start and end of what an answer shows: of a pair, both files as a whole."""
    if isinstance(answer, Answer):
        return [(answer.file, answer.start, answer.end)]
    return [(answer.file, 0.0, 0.0), (answer.other, 0.0, 0.0)]


def _say_what_is_missing(moments: list[Moment]) -> None:
    absent = {moment.file: moment.problem for moment in moments if moment.picture is None}
    for name, problem in list(absent.items())[:NAMED]:
        warn(f"{one_line(name)} cannot be shown: {problem}")
    if len(absent) > NAMED:
        warn(f"{len(absent):,} files cannot be shown; the page names them all")


def _of_files(places: Sequence[_Place], page: Path, advance: Advance) -> list[Moment]:
    there = [each for each in dict.fromkeys(places) if each.media is not None and each.media.is_file()]
    sources = [Source(each.media, each.name, each.start, each.end) for each in there if each.media is not None]
    advance(len(places) - len(there))
    pictures = dict(zip(there, pictures_of_files(sources, [each.kind for each in there], advance), strict=True))
    moments = []
    for each in places:
        span, picture = (each.name, each.start, each.end, each.kind), pictures.get(each)
        if picture is None or each.media is None:
            moments.append(Moment(*span, problem=NOT_THERE))
        elif isinstance(picture, str):
            moments.append(Moment(*span, address=address(each.media, page), problem=f"it {picture}"))
        else:
            moments.append(Moment(*span, picture, address(each.media, page)))
    return moments


def _of_dataset(dataset: DatasetPictures, place: _Place, advance: Advance) -> Moment:
    name, _, start, end, kind = place
    try:
        return Moment(name, start, end, kind, dataset.picture(name, start, end, kind))
    except MediaError as error:
        return Moment(name, start, end, kind, problem=f"it {error}")
    finally:
        advance(1)


def address(media: Path, page: Path) -> str:
    """Where a page finds a file: relative to its own folder, so that both can be moved together.

    A page elsewhere than on this machine is given the file's whole path.
    """
    if is_remote(page):
        return "file://" + urllib.parse.quote(os.fsencode(os.path.abspath(media)))
    # Every sign but letters, digits, "_.-~" and the slash is escaped, the colon too, so that no name is a protocol.
    return urllib.parse.quote(os.fsencode(os.path.relpath(media, page.absolute().parent)))
