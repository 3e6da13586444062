"""The page of a search: a picture of each answer, and where the page finds its file."""

import os
import urllib.parse
from pathlib import Path

from brave_tf.data.open import open_dataset
from brave_tf.embedding.answers import Answer
from brave_tf.embedding.near_duplicates import FilePair
from brave_tf.embedding.search import Found
from brave_tf.errors import one_line
from brave_tf.inspection.moment_pictures import DatasetPictures, Kind, picture_of_file
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.pages import search as search_page
from brave_tf.pages.search_content import Moment, SearchContent
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.limits import MediaError
from brave_tf.progress import note, phase, track
from brave_tf.storage import as_path, is_remote

NAMED = 3
"""Files without a picture that are named one by one."""
NOT_THERE = "the file is not where the table says"


def write_search_page(path: str | os.PathLike[str], found: Found, command: str) -> None:
    """Writes the page of a search; answers that cannot be shown are counted and named.

    Args:
        path: the page.
        found: the answers.
        command: what makes the page again.

    Raises:
        UserError: it cannot be written, or the table's dataset cannot be opened.
    """
    place, facts = as_path(path), found.facts
    with phase("opening the dataset"):
        dataset = None if facts.data is None else DatasetPictures(open_dataset(facts.place_of(facts.data)))
    total = sum(len(_spans(answer)) for answer in found.answers) + (found.query is not None)
    with track(total, "looking at the answers") as advance:
        query = None
        if found.query is not None and found.compared is not None:
            media, compared = found.query.path, found.compared
            name = printable(os.fspath(media))
            query = _of_file(name, media, compared.start, compared.end, _kind(compared.modality), place)
            advance(1)
        answers = []
        for answer in found.answers:
            moments = []
            for span in _spans(answer):
                moments.append(_moment(found.folder, dataset, *span, _kind(facts.card.modality), place))
                advance(1)
            answers.append((answer.score, moments))
    _say_what_is_missing([moment for _, moments in answers for moment in moments])
    table = found.table
    title = f"Files that are alike in {table.name}" if found.query is None else f"Moments like {found.query.title}"
    content = SearchContent(title, str(table), facts.rows, facts.files, facts.encoder, query, answers, command)
    search_page.write(path, content)


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
        note(f"warning: {one_line(name)} cannot be shown: {problem}")
    if len(absent) > NAMED:
        note(f"warning: {len(absent):,} files cannot be shown; the page names them all")


def _moment(
    folder: Path | None, dataset: DatasetPictures | None, name: str, start: float, end: float, kind: Kind, page: Path
) -> Moment:
    if dataset is None:
        return _of_file(name, None if folder is None else folder / name, start, end, kind, page)
    try:
        return Moment(name, start, end, kind, dataset.picture(name, start, end, kind))
    except MediaError as error:
        return Moment(name, start, end, kind, problem=f"it {error}")


def _of_file(name: str, media: Path | None, start: float, end: float, kind: Kind, page: Path) -> Moment:
    if media is None or not media.is_file():
        return Moment(name, start, end, kind, problem=NOT_THERE)
    try:
        picture = picture_of_file(media, start, end, kind)
    except MediaError as error:
        return Moment(name, start, end, kind, address=address(media, page), problem=f"it {error}")
    return Moment(name, start, end, kind, picture, address(media, page))


def address(media: Path, page: Path) -> str:
    """Where a page finds a file: relative to its own folder, so that both can be moved together.

    A page elsewhere than on this machine is given the file's whole path.
    """
    if is_remote(page):
        return "file://" + urllib.parse.quote(os.fsencode(os.path.abspath(media)))
    # Every sign but letters, digits, "_.-~" and the slash is escaped, the colon too, so that no name is a protocol.
    return urllib.parse.quote(os.fsencode(os.path.relpath(media, page.absolute().parent)))
