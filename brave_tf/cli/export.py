"""`brave-tf export`."""

from pathlib import Path
from typing import Literal

import tyro

from brave_tf import commands
from brave_tf.modalities import TowerChoice


def export(
    encoder: tyro.conf.Positional[Path],
    /,
    out: Path,
    tower: TowerChoice | None = None,
    formats: tuple[Literal["savedmodel", "keras"], ...] = ("savedmodel",),
) -> None:
    """`brave_tf.export`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_table

    check = commands.export(encoder, out, tower=tower, formats=formats)
    verified = {"verified with": check["loader"], "largest difference": max(check["errors"].values())} if check else {}
    print_table(str(out), {"formats": ", ".join(formats), **verified})


export.__doc__ = commands.export.__doc__
