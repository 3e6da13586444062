"""Building blocks of HTML pages that need nothing but themselves: text, tables, frames, charts, all inside one file.

A plain `str` is text and is escaped wherever it goes; only `Html`, which these functions return, is taken as it is.
"""

import base64
import html
import io
import os
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from brave_tf.errors import UserError
from brave_tf.files import write_atomically
from brave_tf.pages.style import STYLE
from brave_tf.storage import as_path

Frames = npt.NDArray[np.uint8]
QUALITY = 90
"""Of JPEGs, unless said otherwise."""


class Html(str):
    """Markup that is ready for a page."""

    __slots__ = ()


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header><h1>{title}</h1>{lead}</header>
<main>
{sections}
</main>
</body>
</html>
"""


def page(title: str, sections: Sequence[Html], *, lead: Html | None = None) -> Html:
    """A whole page.

    Args:
        title: heading and window title.
        sections: its parts, usually from `section`.
        lead: what stands right under the heading.
    """
    return Html(_PAGE.format(title=text(title), style=STYLE, lead=lead or "", sections="\n".join(sections)))


def write_page(path: str | os.PathLike[str], content: Html) -> None:
    """Writes a page, and the folder for it.

    Raises:
        UserError: the place cannot be written.
    """
    try:
        place = as_path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, content)
    except OSError as error:
        raise UserError(f"received {path} to write a page to; expected a place that can be written: {error}") from error


def text(value: object) -> Html:
    """`Html` as it is, anything else as escaped text."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def element(tag: str, *content: object, **attributes: str) -> Html:
    """`<tag ...>content</tag>`; an attribute `class_` is written `class`, other underscores become hyphens."""
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(v))}"' for key, v in attributes.items())
    return Html(f"<{tag}{named}>{join(*content)}</{tag}>")


def join(*parts: object) -> Html:
    """Several pieces of text or markup, one after the other."""
    return Html("".join(text(part) for part in parts))


def section(title: str, *parts: object) -> Html:
    """A heading and what belongs to it."""
    return element("section", element("h2", title), *parts)


def paragraph(*parts: object) -> Html:
    """A paragraph of text or inline markup."""
    return element("p", *parts)


def figure(content: Html, caption: object) -> Html:
    """A picture or chart with the sentence that explains it."""
    return element("figure", content, element("figcaption", caption))


def code(lines: str) -> Html:
    """Commands to copy, line breaks kept."""
    return element("pre", element("code", lines))


def table(header: Sequence[object], rows: Sequence[Sequence[object]], caption: object = "") -> Html:
    """A table whose first column names its rows; it scrolls by itself where the window is narrow.

    Args:
        header: one cell for every column.
        rows: their cells, as many as in the header.
        caption: a sentence above it.

    Raises:
        ValueError: a row is longer or shorter than the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"received a row of {len(row)} cells; expected {len(header)}, as in the header: {row}")
    head = element("tr", *(element("th", cell, scope="col") for cell in header))
    body = (
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    )
    title = element("caption", caption) if caption else ""
    return element("div", element("table", title, element("thead", head), element("tbody", *body)), class_="wide")


def percent(share: float) -> str:
    """`0.943` as `94 %`."""
    return f"{100 * share:.0f} %"


def duration(seconds: float) -> str:
    """`75` as `1 min 15 s`, `100_000` as `1 d 3 h 46 min`: seconds count for less than an hour only."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest if not (days or hours) else 0, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def strip(frames: Frames, alt: str, *, gap: int = 2, gap_gray: int = 255, quality: int = QUALITY) -> Html:
    """Frames beside each other, from left to right as time passes.

    Args:
        frames: [T, H, W, 3] uint8.
        alt: what a reader who cannot see it should know.
        gap: pixels between two frames.
        gap_gray: their colour, from 0 black to 255 white.
        quality: of the JPEG.
    """
    _check_frames(frames)
    spaced = np.pad(frames, ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=gap_gray)
    row = np.concatenate(list(spaced), axis=1)[:, :-gap] if gap else np.concatenate(list(frames), axis=1)
    return image(row, alt, class_="strip", quality=quality)


def animation(frames: Frames, alt: str, *, fps: float) -> Html:
    """Frames one after the other, over and over; a reader who asked for less motion sees the first one.

    Args:
        frames: [T, H, W, 3] uint8.
        alt: what a reader who cannot see it should know.
        fps: frames per second.
    """
    _check_frames(frames)
    first, *others = (Image.fromarray(frame) for frame in frames)
    data = io.BytesIO()
    first.save(data, "WEBP", save_all=True, append_images=others, duration=round(1000 / fps), loop=0, quality=80)
    still = Html(f'<source media="(prefers-reduced-motion: reduce)" srcset="{image_url(frames[0])}">')
    return element("picture", still, _img(_data_url("image/webp", data.getvalue()), alt, class_="movie"))


def image(pixels: Frames, alt: str, *, class_: str = "", quality: int = QUALITY) -> Html:
    """One picture, [H, W, 3] uint8."""
    return _img(image_url(pixels, quality), alt, class_=class_)


def resized(pixels: Frames, longest: int) -> Frames:
    """Pixels [H, W, 3] that are no longer than `longest` on either side; smaller ones as they are."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((longest, longest), Image.Resampling.BOX)
    return np.asarray(picture)


def svg_image(drawing: bytes, alt: str, *, class_: str = "chart") -> Html:
    """A finished SVG file as an image, so that its names and styles stay its own."""
    return _img(_data_url("image/svg+xml", drawing), alt, class_=class_)


def png_image(data: bytes, alt: str, *, class_: str = "chart") -> Html:
    """A finished PNG file."""
    return _img(_data_url("image/png", data), alt, class_=class_)


def image_url(pixels: Frames, quality: int = QUALITY) -> str:
    """One picture, [H, W, 3] uint8, as the address of a JPEG that it holds itself."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality, subsampling=0)
    return _data_url("image/jpeg", data.getvalue())


def player(waveform: npt.NDArray[np.floating], rate_hz: int, label: str) -> Html:
    """A sound to play, [N] in [-1, 1], as 16-bit samples."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.round(np.clip(waveform, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return element("audio", controls="", src=_data_url("audio/wav", data.getvalue()), aria_label=label)


def _check_frames(frames: npt.NDArray[Any]) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(f"received frames {frames.dtype} {frames.shape}; expected uint8 [T, H, W, 3], T at least 1")


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _img(source: str, alt: str, class_: str) -> Html:
    named = f' class="{class_}"' if class_ else ""
    return Html(f'<img{named} src="{source}" alt="{html.escape(alt)}">')
