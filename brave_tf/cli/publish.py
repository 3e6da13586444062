"""`brave-tf publish`."""

import re
from pathlib import Path
from typing import Annotated

import tyro

from brave_tf import commands
from brave_tf.cli.options import JSON


def publish(
    directory: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="DIRECTORY")],
    /,
    to: Annotated[str, tyro.conf.arg(metavar="PLACE")],
    private: bool = False,
    dry_run: bool = False,
    json: JSON = False,
) -> None:
    """`brave_tf.publish`, whose documentation is also this command's."""
    from brave_tf.cli.console import print_lines, print_next, print_rows
    from brave_tf.cli.following import embed_words
    from brave_tf.cli.manner import print_json

    found = commands.publish(directory, to, private=private, dry_run=dry_run)
    if json:
        print_json(found)
        return
    rows = [{"file": name, "bytes": f"{size:,}"} for name, size in found.files.items()]
    print_rows(f"{directory}: {len(rows):,} files, {found.bytes:,} bytes", rows)
    if dry_run:
        print_lines(found.card)
    said = "is there now" if found.is_sent else "nothing was sent: a dry run"
    print_lines(f"{found.place}: {said}", *found.notes)
    if not found.is_sent:
        print_next(["publish", directory, "--to", to, *(["--private"] if private else [])])
    elif {"encoder.keras", "saved_model.pb"} & set(found.files):
        print_next(embed_words(re.sub("^(hf|kaggle):(//)?", r"\1://", to)))


publish.__doc__ = commands.publish.__doc__
