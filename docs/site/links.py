"""Links that hold on GitHub, made to hold on the site.

A page of the repository links to files of the repository, by relative paths. On the site some of these files are pages,
under other names; the others are on GitHub only.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

REPOSITORY = "https://github.com/brave-tf/brave-tf"
SITE = "https://brave-tf.github.io/brave-tf/"
_FOLDERS = ("api", "tutorials")
"""Parts of the site with a page of their own."""
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_CODE_OR_TARGET = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)|\]\((?P<target>[^)\s]+)\)", re.DOTALL)
_DOCUMENT = re.compile(r"`?docs/(?P<name>[a-z-]+)\.md`?")


class BrokenLinkError(Exception):
    """A page links to a file that the repository does not have."""


def rewrite(text: str, source: str, page: str, pages: Mapping[str, str], root: Path) -> str:
    """The text of a page with every link as the site needs it.

    Args:
        text: Markdown.
        source: the file that it is of, from the root of the repository, such as docs/data.md.
        page: the page that it becomes, such as data.md.
        pages: by file of the repository the page that it becomes.
        root: of the repository.

    Raises:
        BrokenLinkError: a relative link leads to no file.
    """

    def moved(target: str) -> str:
        if target.startswith(SITE):
            path, hash_sign, anchor = target.removeprefix(SITE).partition("#")
            return _relative(_page(path.strip("/")), page) + hash_sign + anchor
        if target.startswith("#") or re.match(r"[a-z]+:", target):
            return target
        path, hash_sign, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if file in pages:
            return _relative(pages[file], page) + hash_sign + anchor
        if not (root / file).exists():
            raise BrokenLinkError(f"{source} links to {target}, which is not there")
        kind = "tree" if (root / file).is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{file}{hash_sign}{anchor}"

    return _outside_fences(text, lambda prose: _CODE_OR_TARGET.sub(lambda found: _with(found, moved), prose))


def documents_linked(text: str, page: str, titles: Mapping[str, str]) -> str:
    """Text of the code in which `docs/NAME.md`, as it stands in docstrings, is a link to that page.

    Args:
        text: Markdown, or code.
        page: the page that it is for.
        titles: by page its heading.
    """

    def link(found: re.Match[str]) -> str:
        target = f"{found['name']}.md"
        return f"[{titles.get(target, found['name'])}]({_relative(target, page)})"

    return _DOCUMENT.sub(link, text)


def _with(found: re.Match[str], moved: Callable[[str], str]) -> str:
    return f"]({moved(found['target'])})" if found["target"] else found[0]


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
