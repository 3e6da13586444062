"""`brave-tf search`."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from brave_tf import commands
from brave_tf.cli.options import JSON


def _score(words: list[str]) -> float | bool:
    """What follows `--near-duplicates`: a score, or nothing."""
    if not words:
        return True
    try:
        (score,) = map(float, words)
    except ValueError:
        raise ValueError("expected one score, or none") from None
    return score


_OptionalScore = PrimitiveConstructorSpec(
    nargs="*",
    metavar="[SCORE]",
    instance_from_str=_score,
    is_instance=lambda value: value is None or isinstance(value, float | bool),
    str_from_instance=lambda value: [] if value is True else [str(value)],
)


def search(
    table: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="TABLE")],
    /,
    query: Annotated[str | None, tyro.conf.arg(metavar="MEDIA[@SECONDS]")] = None,
    encoder: Path | None = None,
    projections: bool = False,
    cross: bool = False,
    near_duplicates: Annotated[float | bool | None, _OptionalScore] = None,
    top: int | None = None,
    approximate: bool = False,
    html: Annotated[Path | None, tyro.conf.arg(metavar="PAGE")] = None,
    json: JSON = False,
) -> None:
    """`brave_tf.search`, whose documentation is also this command's."""
    from brave_tf.cli.manner import print_json
    from brave_tf.preparation.worker_server import running_server
    from brave_tf.progress import note, phase

    # It loads while this process does. If it cannot be started, those who need it say so.
    if query is not None or html is not None:
        with contextlib.suppress(OSError):
            running_server()
    with phase("search"):
        from brave_tf.embedding.search import find

        found = find(
            table,
            query,
            encoder=encoder,
            projections=projections,
            cross=cross,
            near_duplicates=near_duplicates,
            top=top,
            approximate=approximate,
        )
        if json:
            print_json(found.answers)
        else:
            _print(found.answers)
        # The answers are there, whatever becomes of the page.
        sys.stdout.flush()
        if html is not None:
            from brave_tf.inspection.moments import write_search_page

            write_search_page(html, found)
            note(f"wrote {html}")


search.__doc__ = commands.search.__doc__


def _print(answers: Sequence[Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from brave_tf.cli.console import Console
    from brave_tf.embedding.near_duplicates import FilePair
    from brave_tf.embedding.time_codes import time_code
    from brave_tf.errors import one_line

    if not answers:
        print("nothing found")
        return
    are_pairs = isinstance(answers[0], FilePair)
    table = Table("", "score", *(("file", "other") if are_pairs else ("from", "to", "file")))
    for column in table.columns:
        column.overflow = "fold"
    for number, answer in enumerate(answers, start=1):
        span = () if are_pairs else (time_code(answer.start), time_code(answer.end))
        names = (answer.file, answer.other) if are_pairs else (answer.file,)
        # A name is text, whatever brackets it has.
        words = (Text(one_line(each)) for each in (*span, *names))
        table.add_row(str(number), f"{answer.score:.3f}", *words)
    Console().print(table)
