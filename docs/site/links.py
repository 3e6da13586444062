"""Links that hold on GitHub, made to hold on the site.

A page of the repository links to files of the repository, by relative paths. On the site some of these files are pages,
under other names; the others are on GitHub only.
"""

import dataclasses
import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

REPOSITORY = "https://github.com/brave-tf/brave-tf"
SITE = "https://brave-tf.github.io/brave-tf/"
_FOLDERS = ("api", "tutorials")
"""Parts of the site with a page of their own."""
_DOCUMENT = re.compile(r"`?\bdocs/(?P<name>[a-z-]+)\.md`?")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_LINK = re.compile(
    r"(?P<code>`+)(?!docs/[a-z-]+\.md`)(?:(?!(?P=code)).)+?(?P=code)(?!`)"
    r"|\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\](?:\([^()]*\))?)*)\]\((?P<target>[^)\s]+)\)"
    rf"|{_DOCUMENT.pattern}",
    re.DOTALL,
)
"""Code, which stays; a link, whose label may hold a picture; the name of a document."""


class BrokenLinkError(Exception):
    """A page links to a file that the repository does not have."""


@dataclasses.dataclass(frozen=True)
class Repository:
    """The files that links lead to.

    Attributes:
        root: its folder.
        pages: by file the page that it becomes.
        titles: by page its heading.
    """

    root: Path
    pages: Mapping[str, str]
    titles: Mapping[str, str]

    def rewritten(self, text: str, source: str) -> str:
        """The Markdown of a file with every link as the site needs it, and names of documents as links to them.

        Args:
            text: Markdown.
            source: the file that it is of, such as docs/data.md.

        Raises:
            BrokenLinkError: a relative link leads to no file.
        """
        return _outside_fences(text, lambda prose: _LINK.sub(lambda found: self._changed(found, source), prose))

    def mentions_linked(self, text: str, page: str) -> str:
        """Text of the code in which `docs/NAME.md`, as it stands in docstrings, is a link to that page."""
        return _DOCUMENT.sub(lambda found: self._link(found["name"], page), text)

    def _link(self, name: str, page: str) -> str:
        return f"[{self.titles.get(f'{name}.md', name)}]({_relative(f'{name}.md', page)})"

    def _changed(self, found: re.Match[str], source: str) -> str:
        if found["code"]:
            return found[0]
        if found["name"]:
            return self._link(found["name"], self.pages[source])
        target = self._moved(found["target"], source)
        label = found["label"]
        if label.endswith(".md"):
            label = self._title_of(found["target"], source) or label
        return f"[{label}]({target})"

    def _title_of(self, target: str, source: str) -> str | None:
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), target.partition("#")[0]))
        return self.titles.get(self.pages.get(file, ""))

    def _moved(self, target: str, source: str) -> str:
        """Where a link of a file leads on the site."""
        page = self.pages[source]
        if target.startswith(SITE):
            path, hash_sign, anchor = target.removeprefix(SITE).partition("#")
            return _relative(_page(path.strip("/")), page) + hash_sign + anchor
        shown = f"{REPOSITORY}/blob/main/"
        if not target.startswith(shown) and (target.startswith("#") or re.match(r"[a-z]+:", target)):
            return target
        path, hash_sign, anchor = target.removeprefix(shown).partition("#")
        folder = "" if target.startswith(shown) else posixpath.dirname(source)
        file = posixpath.normpath(posixpath.join(folder, path))
        if file in self.pages:
            return _relative(self.pages[file], page) + hash_sign + anchor
        if not (self.root / file).exists():
            raise BrokenLinkError(f"{source} links to {target}, which is not there")
        kind = "tree" if (self.root / file).is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{file}{hash_sign}{anchor}"


def _page(path: str) -> str:
    """The page at a path of the site."""
    if path in _FOLDERS:
        return f"{path}/index.md"
    return f"{path or 'index'}.md"


def _relative(page: str, other: str) -> str:
    return posixpath.relpath(page, posixpath.dirname(other) or ".")


def _outside_fences(text: str, change: Callable[[str], str]) -> str:
    """The text with a change made to everything that is no fenced block."""
    done: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if not fence and found is None:
            prose.append(line)
            continue
        if not fence and found is not None:
            done.append(change("".join(prose)))
            prose, fence = [], found[1]
        elif line.strip() == fence:
            fence = ""
        done.append(line)
    return "".join([*done, change("".join(prose))])
