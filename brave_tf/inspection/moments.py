"""The page of a search: a picture of each answer out of its file, and where the page finds that file."""

import io
import os
import urllib.parse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.data.spectrogram import log_mel
from brave_tf.embedding.answers import Answer
from brave_tf.embedding.near_duplicates import FilePair
from brave_tf.embedding.search import Found
from brave_tf.embedding.windows import media_windows
from brave_tf.errors import one_line
from brave_tf.modalities import MODALITIES, Modality
from brave_tf.pages import search as search_page
from brave_tf.pages.search_content import Moment, SearchContent
from brave_tf.preparation.layouts import Source
from brave_tf.preparation.layouts.names import printable
from brave_tf.preparation.limits import MediaError
from brave_tf.preparation.media import MediaSettings, read_clips
from brave_tf.progress import note, track
from brave_tf.storage import as_path, is_remote

SHORTER_SIDE = 240
"""Of frames, in pixels."""
SPECTROGRAM_SIZE = (480, 270)
"""Width and height in pixels."""
FRAME_SECONDS = 0.5
"""A frame is looked for in so much of a file."""
WHOLE_SECONDS = 5.0
"""The spectrogram of a whole file is of its first seconds."""
PERCENTILES = (1.0, 99.0)
NOT_THERE = "the file is not where the table says"
NO_FILE = "the table is of a dataset's clips, which are no files"

Picture = npt.NDArray[np.uint8]


def write_search_page(path: str | os.PathLike[str], found: Found, command: str) -> None:
    """Writes the page of a search; answers that cannot be shown are counted and named.

    Args:
        path: the page.
        found: the answers.
        command: what makes the page again.

    Raises:
        UserError: it cannot be written.
    """
    place, modality = as_path(path), found.facts.card.modality
    total = sum(len(_spans(answer)) for answer in found.answers) + (found.query is not None)
    with track(total, "looking at the answers") as advance:
        query = None
        if found.query is not None and found.compared is not None:
            media, compared = found.query.path, found.compared
            query = _moment(printable(os.fspath(media)), media, compared.start, compared.end, compared.modality, place)
            advance(1)
        answers = []
        for answer in found.answers:
            moments = []
            for name, start, end in _spans(answer):
                media_file = None if found.folder is None else found.folder / name
                moments.append(_moment(name, media_file, start, end, modality, place))
                advance(1)
            answers.append((answer.score, moments))
    _say_what_is_missing([moment for _, moments in answers for moment in moments])
    facts, table = found.facts, found.table
    title = f"Files that are alike in {table.name}" if found.query is None else f"Moments like {found.query.title}"
    content = SearchContent(title, str(table), facts.rows, facts.files, facts.encoder, query, answers, command)
    search_page.write(path, content)


def _spans(answer: Answer | FilePair) -> list[tuple[str, float, float]]:
    """Name, start and end of what an answer shows: of a pair, both files as a whole."""
    if isinstance(answer, Answer):
        return [(answer.file, answer.start, answer.end)]
    return [(answer.file, 0.0, 0.0), (answer.other, 0.0, 0.0)]


def _say_what_is_missing(moments: list[Moment]) -> None:
    absent = {moment.file: moment.problem for moment in moments if moment.picture is None}
    for name, problem in list(absent.items())[:3]:
        note(f"warning: {one_line(name)} cannot be shown: {problem}")
    if len(absent) > 3:
        note(f"warning: {len(absent):,} files cannot be shown; the page names them all")


def _moment(name: str, media: Path | None, start: float, end: float, modality: Modality, page: Path) -> Moment:
    kind = "spectrogram" if MODALITIES[modality].is_sound else "frame"
    if media is None or not media.is_file():
        problem = NO_FILE if media is None else NOT_THERE
        return Moment(name, start, end, kind, problem=problem)  # type: ignore[arg-type]
    try:
        picture = _spectrogram(media, start, end) if kind == "spectrogram" else _frame(media, (start + end) / 2)
        problem = ""
    except MediaError as error:
        picture, problem = None, f"it {error}"
    return Moment(name, start, end, kind, picture, address(media, page), problem)  # type: ignore[arg-type]


def address(media: Path, page: Path) -> str:
    """Where a page finds a file: relative to its own folder, so that both can be moved together.

    A page elsewhere than on this machine is given the file's whole path.
    """
    if is_remote(page):
        return "file://" + urllib.parse.quote(os.fsencode(os.path.abspath(media)))
    # Every sign but letters, digits, "_.-~" and the slash is escaped, the colon too, so that no name is a protocol.
    return urllib.parse.quote(os.fsencode(os.path.relpath(media, page.absolute().parent)))


def _frame(media: Path, seconds: float) -> Picture:
    settings = MediaSettings(shorter_side=SHORTER_SIDE, audio_rate_hz=None, clip_seconds=FRAME_SECONDS)
    clip = next(read_clips(media, settings, seconds or None, seconds + FRAME_SECONDS), None)
    if clip is None or not clip.frames:
        raise MediaError("has no picture there")
    with Image.open(io.BytesIO(clip.frames[0])) as picture:
        return np.asarray(picture.convert("RGB"))


def _spectrogram(media: Path, start: float, end: float) -> Picture:
    view = EvaluationInput("audio", EvaluationConfig(audio_seconds=end - start if end > start else WHOLE_SECONDS))
    window = next(media_windows(Source(media, media.name, start or None, end or None), view), None)
    if window is None:
        raise MediaError("has no sound there")
    values = log_mel(tf.constant(window.clip), view.sound).numpy().T[::-1]
    low, high = np.percentile(values, PERCENTILES)
    colors = mpl.colormaps["magma"](np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0), bytes=True)[..., :3]
    return np.asarray(Image.fromarray(colors).resize(SPECTROGRAM_SIZE, Image.Resampling.BILINEAR))
