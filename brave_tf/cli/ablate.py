"""`brave-tf ablate`."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.config.words import ProtocolName, ScaleName, TableName


def ablate(
    table: tyro.conf.Positional[TableName],
    /,
    data: Annotated[Path, tyro.conf.arg(metavar="DATASET")],
    out: Path,
    scale: ScaleName = "tiny",
    seeds: int = 3,
    rows: tuple[str, ...] = (),
    extents: tuple[float, float, float] = (1.3, 5.0, 10.0),
    steps: int | None = None,
    label: str | None = None,
    protocol: ProtocolName = "linear",
    set: Annotated[
        tuple[tuple[str, ...], ...], tyro.conf.arg(metavar="KEY=VALUE [KEY=VALUE ...]"), tyro.conf.UseAppendAction
    ] = (),
    json: JSON = False,
) -> None:
    """`brave_tf.ablate`, whose documentation is also this command's."""
    from brave_tf.ablation.run import run_folder
    from brave_tf.cli.console import print_end, print_lines, print_rows
    from brave_tf.cli.manner import print_json
    from brave_tf.pages.ablation import TITLES, cells

    content = commands.ablate(
        table,
        data,
        out,
        scale=scale,
        seeds=seeds,
        rows=rows,
        extents=extents,
        steps=steps,
        label=label,
        protocol=protocol,
        set=list(itertools.chain(*set)),
    )
    if json:
        print_json(content)
        return
    print_rows(TITLES[table], cells(content))
    print_lines(*(_beside_the_paper(row) for row in content["rows"] if row["agreement"]))
    print_lines(*(f"{name} is left out: {reason}" for name, reason in content["left_out"].items()))
    first = content["rows"][0]
    run = run_folder(out, first["name"], int(next(iter(first["seeds"]))))
    print_end(out, ["ablation.html", "ablation.json"], ["report", run, "--out", "run.html"])


def _beside_the_paper(row: Mapping[str, Any]) -> str:
    told = (
        f"{benchmark} {'is ' if verdict.startswith('within') else ''}{verdict}"
        for benchmark, verdict in row["agreement"].items()
    )
    return f"{row['name']} minus {row['against']}, against the paper: {'; '.join(told)}"


ablate.__doc__ = commands.ablate.__doc__
