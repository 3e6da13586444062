"""Tells whether the files of a release hold what they should: `python .ci/check_dist.py dist`, after `make dist`."""

import argparse
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
IN_THE_SOURCES = (".ci", ".github", "benchmarks", "brave_tf", "constraints", "docs", "examples", "export", "tests")
"""Folders that the source distribution holds whole."""
FILES_IN_THE_SOURCES = (
    "CITATION.cff",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.txt",
    "setup.py",
)
LEFT_OUT = {"__pycache__", ".DS_Store"}


def faults(dist: Path, root: Path = ROOT) -> list[str]:
    """What is missing in the wheel and in the source distribution of a folder, and what should not be there.

    Args:
        dist: the folder.
        root: the repository.
    """
    wheels, sources = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sources) != 1:
        return [f"{dist} holds {len(wheels)} wheels and {len(sources)} source distributions; expected one of each"]
    with zipfile.ZipFile(wheels[0]) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(sources[0]) as archive:
        in_sources = {name.partition("/")[2] for name in archive.getnames()}
    package = {f"brave_tf/{name}" for name in _files(root / "brave_tf")}
    package |= {f"brave_tf/export/{name}" for name in _files(root / "export")}
    files = {f"{folder}/{name}" for folder in IN_THE_SOURCES for name in _files(root / folder)}
    others = {name for name in in_wheel if not name.startswith("brave_tf/") and ".dist-info/" not in name}
    return [
        *(f"{wheels[0].name} lacks {name}" for name in sorted(package - in_wheel)),
        *(f"{wheels[0].name} should not hold {name}" for name in sorted(others)),
        *(f"{sources[0].name} lacks {name}" for name in sorted((files | set(FILES_IN_THE_SOURCES)) - in_sources)),
    ]


def _files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*") if folder.is_dir() else []:
        names = path.relative_to(folder).parts
        if path.is_file() and not LEFT_OUT.intersection(names) and path.suffix not in {".pyc", ".pyo", ".pyd"}:
            yield "/".join(names)


def main() -> int:
    """Prints what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    found = faults(parser.parse_args().dist)
    print(*(f"error: {fault}" for fault in found), sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
