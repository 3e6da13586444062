"""`brave-tf export`."""

from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON
from brave_tf.config.words import FormatName
from brave_tf.modalities import TowerChoice


def export(
    encoder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="ENCODER")],
    /,
    out: Path,
    tower: TowerChoice | None = None,
    formats: tuple[FormatName, ...] = ("savedmodel",),
    report: Annotated[tuple[Path, ...], tyro.conf.arg(metavar="REPORT_DIR"), tyro.conf.UseAppendAction] = (),
    license: str = "",
    trained_on: str = "",
    data_license: str = "",
    heads: bool = False,
    json: JSON = False,
) -> None:
    """`brave_tf.export`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_rows
    from brave_tf.cli.manner import print_json

    content = commands.export(
        encoder,
        out,
        tower=tower,
        formats=formats,
        report=report,
        license=license,
        trained_on=trained_on,
        data_license=data_license,
        heads=heads,
    )
    if json:
        print_json(content)
        return
    found = content["formats"]
    rows = [
        {
            "format": name,
            "size": f"{check['bytes'] / 1e6:.2f} MB",
            "error": f"{check['error']:.1e}",
            "one clip": f"{check['latency_ms']:.4g} ms",
            "in Keras": f"{check['keras_latency_ms']:.4g} ms",
            "verified with": check["checked_with"],
        }
        for name, check in found.items()
    ]
    print_rows(str(out), rows)
    print_end(out, ["README.md", "verification.json"], ["publish", out, "--to", "hf:OWNER/NAME", "--dry-run"])


export.__doc__ = commands.export.__doc__
