"""`brave-tf publish`."""

from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands


def publish(
    directory: tyro.conf.Positional[Path],
    /,
    to: Annotated[str, tyro.conf.arg(metavar="PLACE")],
    private: bool = False,
    dry_run: bool = False,
) -> None:
    """`brave_tf.publish`, whose documentation is also this command's."""
    from brave_tf.cli.console import Console, print_rows

    found = commands.publish(directory, to, private=private, dry_run=dry_run)
    rows = [{"file": name, "bytes": f"{size:,}"} for name, size in found.files.items()]
    print_rows(f"{directory}: {len(rows):,} files, {found.bytes:,} bytes", rows)
    console = Console()
    if dry_run:
        console.print(found.card, highlight=False, markup=False, soft_wrap=True)
    said = "is there now" if found.is_sent else "nothing was sent: a dry run"
    for line in (f"{found.place}: {said}", *found.notes):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


publish.__doc__ = commands.publish.__doc__
