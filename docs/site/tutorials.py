"""Turns the notebooks of examples/ into pages, with the outputs that they were committed with."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.site.links import REPOSITORY, Repository

TITLES = {
    "tutorial_1_views": "Narrow and broad views, in pictures",
    "tutorial_2_pretrain": "Pretrain on a folder of your own videos",
    "tutorial_3_released_checkpoint": "Use a released checkpoint",
    "tutorial_4_evaluate": "Evaluate by the paper's protocols",
    "tutorial_5_own_networks": "Networks and a modality of your own, with plain fit",
    "tutorial_6_search_and_export": "Search your videos, then export the encoder",
}
"""The notebooks in the order in which they are read."""
_COLAB = "https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples"
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*m")
_BADGE = re.compile(r"\[?!\[[^\]]*\]\([^)]*badge[^)]*\)(\]\([^)]*\))?\n?")


def write_pages(repository: Repository, out: Path, names: Sequence[str]) -> None:
    """Writes a page for every notebook, and one that lists them.

    Args:
        repository: where the notebooks are.
        out: folder of the pages.
        names: the notebooks.
    """
    folder = out / "tutorials"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        source = f"examples/{name}.ipynb"
        notebook = json.loads((repository.root / source).read_text(encoding="utf-8"))
        text = page_of(notebook, name, folder, lambda prose, source=source: repository.rewritten(prose, source))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(_index(), encoding="utf-8")


def page_of(notebook: Mapping[str, Any], name: str, folder: Path, rewritten: Callable[[str], str]) -> str:
    """A notebook as Markdown; its pictures become files.

    Args:
        notebook: what the .ipynb file holds.
        name: of the notebook, without its ending.
        folder: where the pictures go.
        rewritten: makes the links of a text those of the site.
    """
    links = f"[Open in Colab]({_COLAB}/{name}.ipynb) · [notebook]({REPOSITORY}/blob/main/examples/{name}.ipynb)"
    parts = []
    for number, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"]).strip()
        if cell["cell_type"] == "markdown":
            parts.append(rewritten(_BADGE.sub("", text)))
        elif cell["cell_type"] == "code" and text:
            parts.append(_fenced(text, "python"))
            parts += [_output(each, f"{name}-{number}-{place}", folder) for place, each in enumerate(cell["outputs"])]
    heading, _, rest = "\n\n".join(filter(None, parts)).partition("\n")
    return f"{heading}\n\n{links}\n{rest}\n"


def _output(output: Mapping[str, Any], name: str, folder: Path) -> str:
    """What a cell printed, returned or drew; of several forms the one that a page shows best."""
    if output["output_type"] == "error":
        raise ValueError(f"{name}: a notebook with an error among its outputs: {output['evalue']}")
    if output["output_type"] == "stream":
        return _printed("".join(output["text"]))
    data = output["data"]
    if "image/png" in data:
        (folder / f"{name}.png").write_bytes(base64.b64decode("".join(data["image/png"])))
        return f"![What the cell above draws]({name}.png)"
    if "text/markdown" in data:
        return "".join(data["text/markdown"])
    return _printed("".join(data.get("text/plain", "")))


def _printed(text: str) -> str:
    return _fenced(_TERMINAL_CODES.sub("", text).rstrip(), "text", "output") if text.strip() else ""


def _fenced(text: str, language: str, kind: str = "") -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence} {{ .{' .'.join(filter(None, (language, kind)))} }}\n{text}\n{fence}"


def _index() -> str:
    lines = [f"{number}. [{title}]({name}.md)" for number, (name, title) in enumerate(TITLES.items(), 1)]
    return "\n".join(
        [
            "# Tutorials",
            "",
            "Each is a notebook that runs in Colab or on a laptop in under five minutes, shown here with what it",
            "printed and drew. They are best read in this order, but none needs another one.",
            "",
            *lines,
            "",
        ]
    )
