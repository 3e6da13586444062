"""Makes a message of the catalogue, through the program as a user runs it, and says how that ended."""

import contextlib
import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from brave_tf.cli import main as program
from brave_tf.data.tfrecord_index import DamagedRecordError
from brave_tf.errors import UserError
from brave_tf.preparation.limits import MediaError
from tests.errors.entry import Entry
from tests.errors.sites import Site
from tests.errors.world import World
from tests.said import without_progress

PREFIX = "brave-tf: error: "
STATUS = {"error": 1, "usage": 2, "words": 1}
"""By the kind of a site; the others are told by a command that goes on, or that ends as its own error says."""


class Made(NamedTuple):
    """A message that was made, and where."""

    module: str
    line: int
    message: str


class Outcome(NamedTuple):
    """How a provocation ended."""

    status: int
    said: str
    """What stood on standard error."""
    printed: str
    """What stood on standard output."""
    made: list[Made]


@contextlib.contextmanager
def recorded() -> Iterator[list[Made]]:
    """Notes who makes a message meanwhile."""
    made: list[Made] = []

    def noting(kind: type[Exception]) -> Callable[..., None]:
        def note(self: Exception, *arguments: object) -> None:
            super(kind, self).__init__(*arguments)
            caller = sys._getframe(1)
            words = str(arguments[0]) if arguments else ""
            made.append(Made(caller.f_globals.get("__name__", ""), caller.f_lineno, words))

        return note

    with pytest.MonkeyPatch.context() as patch:
        for kind in (UserError, MediaError, DamagedRecordError):
            patch.setattr(kind, "__init__", noting(kind), raising=False)
        yield made


def was_made(site: Site, outcome: Outcome) -> bool:
    """Whether a message came from this place; of what is no exception, whether it was told."""
    if site.kind in ("value", "warning", "words", "reason"):
        return site.pattern.search(outcome.said + outcome.printed) is not None
    return any(is_of(site, each) for each in outcome.made)


def is_of(site: Site, made: Made) -> bool:
    """Whether a message came from this place."""
    here = made.module == site.module and site.first_line <= made.line <= site.last_line
    return here and site.pattern.fullmatch(made.message) is not None


def outcome_of(entry: Entry, world: World) -> Outcome:
    """Runs a provocation as the program would, in this process and in a folder of its own."""
    printed, said = io.StringIO(), io.StringIO()
    with (
        recorded() as made,
        world.scene(),
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
    ):
        # The program sets variables of its process.
        patch.setattr(os, "environ", os.environ.copy())
        if isinstance(entry.provoke, str):
            status = _run([word.format_map(world) for word in shlex.split(entry.provoke)])
        else:
            patch.setattr(program, "_run", lambda arguments: _call(entry.provoke, world))
            status = _run([])
        return Outcome(status, world.neutral(said.getvalue()), world.neutral(printed.getvalue()), made)


def _run(arguments: list[str]) -> int:
    try:
        return program.main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)


def _call(provoke: Callable[[World], object], world: World) -> None:
    try:
        provoke(world)
    except (MediaError, DamagedRecordError) as reason:  # why something is left out, which commands show
        print(reason, file=sys.stderr)


def message_of(site: Site, outcome: Outcome) -> str:
    """The message as it was shown, without what the program puts before it.

    Raises:
        AssertionError: it is not there, or not as it has to be.
    """
    assert "Traceback" not in outcome.said, outcome.said
    lines = [line for line in without_progress(outcome.said) if line.strip()]
    if site.kind in STATUS:
        assert outcome.status == STATUS[site.kind], outcome
        errors = [line for line in lines if line.startswith(PREFIX)]
        assert len(errors) == 1 and lines[-1] == errors[0], outcome.said
        return errors[0].removeprefix(PREFIX)
    for line in [*lines, *outcome.printed.splitlines()]:
        if found := site.pattern.search(line.strip()):
            if site.kind in ("media", "record", "reason"):
                return _alone(site, found[0])
            return re.sub(r"^brave-tf: (error: )?", "", line.strip())
    raise AssertionError(f"not told: {outcome.said}{outcome.printed}")


def _alone(site: Site, text: str) -> str:
    """A reason without what it stands beside or within: the name of a file or a clip before it, a bracket after it."""
    if site.template.startswith("{"):
        words = site.template.partition("}")[2].partition("{")[0]
        if words:
            before, _, after = text.partition(words)
            text = f"{before.split()[-1]}{words}{after}"
    return text.removesuffix(")") if text.count(")") > text.count("(") else text
