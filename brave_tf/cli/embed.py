"""`brave-tf embed`."""

import contextlib
from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.cli.stopping import stopped_by_signals
from brave_tf.config.words import PoolName
from brave_tf.modalities import TowerChoice


def embed(
    encoder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="ENCODER")],
    media: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="MEDIA...")] = (),
    /,
    *,
    out: Path,
    data: Annotated[Path | None, tyro.conf.arg(metavar="DATASET")] = None,
    window: float | None = None,
    stride: float | None = None,
    pool: PoolName = "windows",
    dense: bool = False,
    tower: TowerChoice | None = None,
    workers: int | None = None,
    json: JSON = False,
) -> None:
    """`brave_tf.embed`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_table
    from brave_tf.cli.manner import print_json
    from brave_tf.preparation.worker_server import running_server

    with stopped_by_signals("embed"):
        # It loads while this process does. If it cannot be started, those who need it say so.
        if workers != 0 and data is None:
            with contextlib.suppress(OSError):
                running_server()
        facts = commands.embed(
            encoder,
            media,
            out=out,
            data=data,
            window=window,
            stride=stride,
            pool=pool,
            dense=dense,
            tower=tower,
            workers=workers,
        )
    if json:
        print_json(facts)
        return
    counts = {"files": facts.files, "left out": len(facts.left_out), "not whole": len(facts.remarks)}
    length = {"window": f"{facts.window:g} s", "stride": f"{facts.stride:g} s", "pool": facts.pool}
    print_table(str(out), {"rows": facts.rows, "embedding": facts.embedding_size, **counts, **length})
    print_end(out, following=["search", out, *_question(out)])


def _question(table: Path) -> list[str]:
    """What to ask of a table: what is like its first file; where that is not there, which of its files are alike."""
    from brave_tf.embedding.table import open_table

    opened = open_table(table)
    name = opened.first_file()
    # As it was typed, where that leads to it.
    file = next((each for each in (name, opened.facts.place_of(name)) if Path(each).is_file()), None)
    return ["--near-duplicates"] if file is None else ["--query", file]


embed.__doc__ = commands.embed.__doc__
