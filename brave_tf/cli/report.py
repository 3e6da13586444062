"""`brave-tf report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from brave_tf import commands, quiet
from brave_tf.cli.options import JSON
from brave_tf.modalities import TowerChoice

if TYPE_CHECKING:
    from brave_tf.runs.ranking import CheckpointRanking


def report(
    run: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")],
    /,
    out: Path,
    checkpoints: bool = False,
    data: Annotated[Path | None, tyro.conf.arg(metavar="DATASET")] = None,
    tower: TowerChoice | None = None,
    label: str | None = None,
    clips: int = 2000,
    cache: Path | None = None,
    json: JSON = False,
) -> None:
    """`brave_tf.report`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_lines
    from brave_tf.cli.following import export_words
    from brave_tf.cli.manner import print_json
    from brave_tf.pages.run_report import state_words
    from brave_tf.runs.paths import checkpoint_path

    if checkpoints:
        quiet.import_tensorflow()
    record = commands.report(
        run, out, checkpoints=checkpoints, data=data, tower=tower, label=label, clips=clips, cache=cache
    )
    if json:
        print_json(record)
        return
    print_lines(f"{run}: {record.name}, {state_words(record)}")
    following: list[object] = []
    if record.ranking is not None:
        _print(record.ranking)
        best = record.ranking.best_by_labels or record.ranking.best
        following = export_words(checkpoint_path(run, best.step), record.ranking.tower)
    elif record.summary is not None:
        following = export_words(run)
    print_end(out, following=following)


report.__doc__ = commands.report.__doc__


def _print(ranking: "CheckpointRanking") -> None:
    from rich.table import Table

    from brave_tf.cli.console import Console, print_lines
    from brave_tf.pages.run_checkpoints import header, rows, told_of, verdict

    table = Table("step", *header(ranking), caption=told_of(ranking), caption_justify="left")
    for row in rows(ranking):
        table.add_row(*row)
    Console().print(table)
    print_lines(verdict(ranking))
