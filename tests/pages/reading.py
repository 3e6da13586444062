"""Reads a page back: its tags, its text and its images."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
import numpy.typing as npt
from PIL import Image

VOID = {"img", "input", "meta", "source", "path", "rect"}


class Reading(HTMLParser):
    """Tags with attributes, and the visible text; refuses tags that are closed in another order than opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text += data

    def attributes(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def data_of(url: str, kind: str) -> bytes:
    start = f"data:{kind};base64,"
    assert url.startswith(start)
    return base64.b64decode(url.removeprefix(start), validate=True)


def pixels(url: str, kind: str) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data_of(url, kind))).convert("RGB"))
