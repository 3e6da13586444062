"""What griffe, which reads docstrings for the API pages, complains of; Zensical would not pass it on."""

import logging
from collections.abc import Iterator
from pathlib import Path

from griffe import Class, Docstring, GriffeLoader, Module, Parser


def docstring_faults(source: Path, package: str = "brave_tf") -> list[str]:
    """Complaints about the docstrings of a package, a line for each: such as arguments that there are not.

    Args:
        source: folder that the package is in.
        package: its name.
    """
    loaded = GriffeLoader(search_paths=[source]).load(package, try_relative_path=False)
    assert isinstance(loaded, Module)
    listener = _Listener()
    logger = logging.getLogger("griffe")
    logger.addHandler(listener)
    try:
        for docstring in _docstrings(loaded):
            docstring.parse(Parser.google)
    finally:
        logger.removeHandler(listener)
    return listener.heard


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def _docstrings(parent: Module | Class) -> Iterator[Docstring]:
    for member in parent.members.values():
        if member.is_alias:
            continue
        if member.docstring is not None:
            yield member.docstring
        if isinstance(member, Module | Class):
            yield from _docstrings(member)
