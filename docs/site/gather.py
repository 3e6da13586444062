"""Gathers the pages of the site in one folder: those of the repository, and those that are made from the code."""

import re
import shutil
from pathlib import Path

from docs.site import api_pages, command_pages, tutorials
from docs.site.links import Repository

ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "examples": "tutorials/index.md",
}
"""Files of the repository outside docs/, and a folder, by the page that stands for them."""
_EXAMPLE = re.compile(r"^(?P<words> +(?:Example|In Python): )(?P<code>[^`\n]+)$", re.MULTILINE)
"""A line of a command's documentation, which a terminal shows as it is."""
_GLOSSARY = re.compile(r"^## Glossary\n(?P<text>.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def gather(root: Path, out: Path, source: Path) -> None:
    """Writes every page.

    Args:
        root: of the repository.
        out: folder for the pages, which is made anew.
        source: folder for a copy of the code as it is installed, which is made anew.

    Raises:
        BrokenLinkError: a page links to a file that is not there.
    """
    for folder in (out, source):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    repository = read_repository(root)
    for file, page in repository.pages.items():
        if file.endswith(".md") and file != "README.md":
            text = repository.rewritten((root / file).read_text(encoding="utf-8"), file)
            _write(out / page, _without_glossary(text, out) if file == "CONTRIBUTING.md" else text)
    _copy_pictures(root / "docs", out)
    tutorials.write_pages(repository, out, list(tutorials.TITLES))
    _copy_code(repository, source)
    for page, text in {"commands.md": command_pages.reference(), **api_pages.pages()}.items():
        _write(out / page, repository.mentions_linked(text, page))


def read_repository(root: Path) -> Repository:
    """The files that become pages."""
    documents = sorted((root / "docs").glob("*.md"))
    pages = {
        **{f"docs/{file.name}": file.name for file in documents},
        **{f"docs/{file}": str(file) for file in _pictures(root / "docs")},
        **ELSEWHERE,
        **{f"examples/{name}.ipynb": f"tutorials/{name}.md" for name in tutorials.TITLES},
    }
    headings = {page: _heading(root / file) for file, page in pages.items() if file.endswith(".md")}
    return Repository(root, pages, headings)


def _without_glossary(contributing: str, out: Path) -> str:
    """The glossary becomes a page of its own, so that it is written once."""
    found = _GLOSSARY.search(contributing)
    if found is None:
        raise ValueError("CONTRIBUTING.md has no section ## Glossary")
    _write(out / "glossary.md", f"# Glossary\n{found['text']}")
    return _GLOSSARY.sub("## Glossary\n\nIt is [a page of its own](glossary.md).\n\n", contributing)


def _pictures(documents: Path) -> list[Path]:
    """Pictures and style sheets below docs/, from there."""
    found = sorted(documents.rglob("*"))
    return [file.relative_to(documents) for file in found if file.suffix in (".png", ".svg", ".css")]


def _copy_pictures(documents: Path, out: Path) -> None:
    for file in _pictures(documents):
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(documents / file, out / file)


def _heading(page: Path) -> str:
    """What a page is called, without what follows a colon."""
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").partition(": ")[0]


def _copy_code(repository: Repository, source: Path) -> None:
    """`export/` is installed as brave_tf.export: only a copy has both in one place. Docstrings get links to pages."""
    for folder, package in (("brave_tf", source / "brave_tf"), ("export", source / "brave_tf" / "export")):
        for file in sorted((repository.root / folder).rglob("*.py")):
            text = repository.mentions_linked(file.read_text(encoding="utf-8"), "api/index.md")
            # griffe knows the section by its plural alone.
            text = re.sub(r"^( +)Example:$", r"\1Examples:", text, flags=re.MULTILINE)
            text = _EXAMPLE.sub(r"\g<words>`\g<code>`", text)
            _write(package / file.relative_to(repository.root / folder), text)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
