"""`brave-tf convert`."""

from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON


def convert(
    checkpoint: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CHECKPOINT")],
    /,
    out: Path,
    json: JSON = False,
) -> None:
    """`brave_tf.convert`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_end, print_table
    from brave_tf.cli.following import embed_words
    from brave_tf.cli.manner import print_json

    converted = commands.convert(checkpoint, out)
    if json:
        print_json(converted)
        return
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
    files = ["encoder.keras", *([] if converted.not_whole else ["brave.keras"]), "saved_model", "model_card.md"]
    print_end(out, files, embed_words(out))


convert.__doc__ = commands.convert.__doc__
