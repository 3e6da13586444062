"""`brave-tf export`."""

from pathlib import Path
from typing import Literal

import tyro

from brave_tf.modalities import TowerChoice


def export(
    encoder: tyro.conf.Positional[Path],
    /,
    out: Path,
    tower: TowerChoice | None = None,
    formats: tuple[Literal["savedmodel", "keras"], ...] = ("savedmodel",),
) -> None:
    """Write an encoder as a SavedModel that loads without this library, and verify it in a fresh process.

    Example: brave-tf export runs/first --out exported

    Args:
        encoder: run directory (until the run has finished, its newest checkpoint), RUN/checkpoints/step-N, or .keras
            file.
        out: directory to write; must not exist yet.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        formats: what to write.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.export import export_encoder

    check = export_encoder(encoder, out, tower, formats)
    verified = {"verified with": check["loader"], "largest difference": max(check["errors"].values())} if check else {}
    print_table(str(out), {"formats": ", ".join(formats), **verified})
