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
        encoder: run directory or .keras file.
        out: directory to write; must not exist yet.
        tower: backbone of a run; by default narrow. broad is its only broad one, or its only one of frames.
        formats: what to write.
    """
    from brave_tf.cli.console import print_table
    from brave_tf.encoders.encoder import load_encoder
    from brave_tf.export import export_encoder

    found = export_encoder(load_encoder(encoder, tower), out, formats)
    largest = max(found["errors"].values()) if found else None
    verified = {"verified with": found["loader"], "largest difference": largest} if found else {}
    print_table(str(out), {"formats": ", ".join(formats), **verified})
