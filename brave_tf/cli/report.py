"""`brave-tf report`."""

from pathlib import Path

import tyro

from brave_tf import commands


def report(run: tyro.conf.Positional[Path], /, out: Path) -> None:
    """`brave_tf.report`, whose documentation is also this command's."""
    from brave_tf.cli.console import Console
    from brave_tf.pages.run_report import state_words

    record = commands.report(run, out)
    words = f"{out}: {record.name}, {state_words(record)}"
    Console().print(words, highlight=False, markup=False, soft_wrap=True)


report.__doc__ = commands.report.__doc__
