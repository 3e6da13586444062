"""Tells whether everything that names the version agrees with a tag: `python .ci/check_release.py v0.2.0`."""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DAY = r"\d{4}-\d{2}-\d{2}"


def faults(root: Path, tag: str) -> list[str]:
    """What has to be mended before a version is released under a tag.

    Args:
        root: the repository.
        tag: such as v0.2.0.
    """
    source = (root / "brave_tf" / "__init__.py").read_text(encoding="utf-8")
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    version = _first(r'^__version__ = "(.+)"$', source)
    cited, cited_day = _first(r"^version: (.+)$", citation), _first(rf"^date-released: ({DAY})$", citation)
    heading, day = _first(r"^## \[([0-9].*?)\]", changes), _first(rf"^## \[{re.escape(version)}\] - ({DAY})$", changes)
    found = []
    if tag != f"v{version}":
        found.append(f"received the tag {tag or '(none)'}; brave_tf/__init__.py says {version}, so expected v{version}")
    if cited != version:
        found.append(f"CITATION.cff says version: {cited or '(none)'}; expected {version}")
    if heading != version or not day:
        found.append(
            f"the first version in CHANGELOG.md is {heading or '(none)'}; expected: ## [{version}] - YYYY-MM-DD"
        )
    elif cited_day != day:
        found.append(f"CITATION.cff says date-released: {cited_day or '(none)'}; CHANGELOG.md has {day}")
    return found


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, flags=re.MULTILINE)
    return found[1] if found else ""


def main() -> int:
    """Prints what disagrees; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tag")
    found = faults(ROOT, parser.parse_args().tag)
    print(*(f"error: {fault}" for fault in found), sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
