"""Builds the documentation site: `python -m docs.site.build`, from the root of the repository; `make docs` does.

Fails on a warning, on a link that leads nowhere, on a docstring that names arguments that there are not, and on a page
that would ask another host for something.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from docs.site.check import faults
from docs.site.docstrings import docstring_faults
from docs.site.gather import gather
from docs.site.short_code import kept_together

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"


def build() -> int:
    """Builds and checks the site; returns the exit status."""
    gather(ROOT, BUILD / "docs", BUILD / "source")
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    if done.returncode != 0 or "warn" in said.lower():
        print(said, file=sys.stderr)
        return 1
    for page in (BUILD / "site").rglob("*.html"):
        page.write_text(kept_together(page.read_text(encoding="utf-8")), encoding="utf-8")
    found = [*docstring_faults(BUILD / "source"), *faults(BUILD / "site")]
    print(*(f"error: {fault}" for fault in found), sep="\n", file=sys.stderr, end="\n" if found else "")
    if found:
        return 1
    print(f"{len(list((BUILD / 'site').rglob('*.html')))} pages, every link checked: build/site/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(build())
