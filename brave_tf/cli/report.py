"""`brave-tf report`."""

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from brave_tf import commands, quiet
from brave_tf.modalities import TowerChoice

if TYPE_CHECKING:
    from brave_tf.runs.ranking import CheckpointRanking


def report(
    run: tyro.conf.Positional[Path],
    /,
    out: Path,
    checkpoints: bool = False,
    data: Annotated[Path | None, tyro.conf.arg(metavar="DATASET")] = None,
    tower: TowerChoice | None = None,
    label: str | None = None,
    clips: int = 2000,
    cache: Path | None = None,
    json: Annotated[bool, tyro.conf.arg(help="print the ranking of the checkpoints as JSON, an object.")] = False,
) -> None:
    """`brave_tf.report`, whose documentation is also this command's."""
    from brave_tf.cli.console import Console
    from brave_tf.errors import UsageError
    from brave_tf.pages.run_report import state_words

    if json and not checkpoints:
        raise UsageError("received --json without --checkpoints; expected both, or neither")
    if checkpoints:
        quiet.import_tensorflow()
    record = commands.report(
        run, out, checkpoints=checkpoints, data=data, tower=tower, label=label, clips=clips, cache=cache
    )
    if record.ranking is not None and json:
        print(json_format.dumps(record.ranking.as_dict(), indent=2, ensure_ascii=False))
        return
    words = f"{out}: {record.name}, {state_words(record)}"
    Console().print(words, highlight=False, markup=False, soft_wrap=True)
    if record.ranking is not None:
        _print(record.ranking)


report.__doc__ = commands.report.__doc__


def _print(ranking: "CheckpointRanking") -> None:
    from rich.table import Table

    from brave_tf.cli.console import Console
    from brave_tf.pages.run_checkpoints import header, rows, told_of, verdict

    table = Table("step", *header(ranking), caption=told_of(ranking), caption_justify="left")
    for row in rows(ranking):
        table.add_row(*row)
    Console().print(table)
    Console().print(verdict(ranking), highlight=False, markup=False, soft_wrap=True)
