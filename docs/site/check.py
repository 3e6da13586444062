"""Checks the built site: every link and anchor leads somewhere, and nothing is fetched from another host."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.site.links import SITE

_FETCHING = ("img", "script", "iframe", "source", "video", "audio")
"""Elements that a browser loads the `src` of, unasked."""
_FETCHED_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "modulepreload",
    "manifest",
}
_CSS_ADDRESS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class _Page(HTMLParser):
    """The links, the anchors and the fetched addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and set(values.get("rel", "").split()) & _FETCHED_LINKS:
            self.fetched.append(values.get("href", ""))
        if tag in _FETCHING and "src" in values:
            self.fetched.append(values["src"])


def faults(site: Path) -> list[str]:
    """What is wrong with a built site, a line for each fault.

    Args:
        site: folder of the site.
    """
    pages = {file: _Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    if not pages:
        return [f"{site} holds no page"]
    found = [
        fault
        for file, page in pages.items()
        for address in [*page.links, *page.fetched]
        for fault in _fault_of(address, file, site, pages)
    ]
    found += [
        f"{file.relative_to(site)} fetches {address}"
        for file, page in pages.items()
        for address in page.fetched
        if urlsplit(address).netloc and not address.startswith(SITE)
    ]
    found += [
        f"{file.relative_to(site)} fetches {address}"
        for file in sorted(site.rglob("*.css"))
        for address in _CSS_ADDRESS.findall(file.read_text(encoding="utf-8"))
    ]
    return found


def _fault_of(address: str, file: Path, site: Path, pages: dict[Path, _Page]) -> list[str]:
    parts = urlsplit(address.removeprefix(SITE) if address.startswith(SITE) else address)
    if parts.scheme or parts.netloc:
        return []
    folder = site if address.startswith((SITE, "/")) else file.parent
    base = "/brave-tf/"  # how the page of what is not found names the others
    path = unquote(parts.path).removeprefix(base).lstrip("/") if parts.path.startswith("/") else unquote(parts.path)
    target = (folder / path).resolve() if path or address.startswith(SITE) else file
    if target.is_dir():
        target /= "index.html"
    here = file.relative_to(site)
    if not target.is_file():
        return [f"{here} links to {address}, which is not there"]
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors and not anchor.startswith("__"):
        return [f"{here} links to {address}, which has no such anchor"]
    return []
