"""`brave-tf convert`."""

from pathlib import Path

import tyro

from brave_tf import commands


def convert(checkpoint: tyro.conf.Positional[str], /, out: Path) -> None:
    """`brave_tf.convert`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_table

    converted = commands.convert(checkpoint, out)
    passed_over = ", ".join(f"{module} ({count} arrays)" for module, count in converted.passed_over.items())
    print_table(
        str(out),
        {
            "converted": ", ".join(converted.towers),
            "passed over": passed_over or "nothing",
            **({"not the whole model, because": converted.not_whole} if converted.not_whole else {}),
            "verified with": converted.verified["loader"],
            "largest difference": max(converted.verified["errors"].values()),
        },
    )


convert.__doc__ = commands.convert.__doc__
