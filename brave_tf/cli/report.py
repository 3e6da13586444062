"""`brave-tf report`."""

from pathlib import Path

import tyro


def report(run: tyro.conf.Positional[Path], /, out: Path) -> None:
    """Draw how a pre-training run went, or goes, as one HTML page.

    Example: brave-tf report runs/first --out report.html

    Args:
        run: run directory that `brave-tf pretrain` made; the run may be going on.
        out: the page to write.
    """
    from brave_tf.cli.console import Console
    from brave_tf.pages import run_report

    record = run_report.report(run, out)
    words = f"{out}: {record.name}, {run_report.state_words(record)}"
    Console().print(words, highlight=False, markup=False, soft_wrap=True)
