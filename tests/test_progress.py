"""Progress without a terminal."""

import io

from rich.console import Console

from brave_tf.progress import track


def test_units_that_nobody_counts_are_shown_as_a_share():
    text = io.StringIO()
    with track(4_000, "prepare", done=1_000, console=Console(file=text), percent=True) as advance:
        advance(3_000, "(9 of 9 files)")
    assert text.getvalue().startswith("prepare: 100%, 0 s, 0 s left (9 of 9 files)")
