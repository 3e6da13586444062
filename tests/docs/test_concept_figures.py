"""The figures of docs/concepts.md can be drawn again, and show what the page says of them."""

import re

import numpy as np
import pytest

from docs.site.concept_figures import (
    TRAININGS,
    collapse_figure,
    drawn_views,
    regression_figure,
    spreads,
    towers_figure,
    views_figure,
)
from tests.docs.blocks import ROOT

PAGE = (ROOT / "docs/concepts.md").read_text(encoding="utf-8")


def test_every_figure_is_there_and_small():
    named = set(re.findall(r"\(concepts/(\w+)\.png\)", PAGE))
    assert named == {"views", "towers", "regression", "collapse"}
    assert {file.stem for file in (ROOT / "docs/concepts").glob("*.png")} == named
    assert all(file.stat().st_size < 100_000 for file in (ROOT / "docs/concepts").iterdir())


@pytest.mark.thorough
def test_the_figure_of_the_views_shows_what_the_page_says():
    draw, clip = drawn_views()
    assert len(clip) == 12 and draw.sound is not None
    (narrow,), broad, (sound,) = draw.narrow.window.pieces, draw.broad[0].window.pieces, draw.sound.window.pieces
    assert narrow[1] - narrow[0] == pytest.approx(1.28)
    # "5.1 seconds that run past the end and go on at the start"
    assert len(broad) == 2 and sum(end - start for start, end in broad) == pytest.approx(5.12, abs=0.2)
    # "Sound begins with the narrow view."
    assert sound[0] == pytest.approx(narrow[0], abs=0.05) and sound[1] - sound[0] == pytest.approx(5, abs=0.05)
    for figure in (views_figure((draw, clip)), towers_figure(), regression_figure()):
        figure.canvas.draw()


@pytest.mark.thorough
def test_the_figure_of_the_collapse_shows_what_the_page_says():
    last = {name: np.mean(spreads(**kind)[-20:]) for name, kind in TRAININGS.items()}
    assert last["the paper's method"] > 0.9
    assert 0.3 < last["without predictor"] < 0.7
    assert last["without stop-gradient"] < 0.05
    collapse_figure({name: [1.0, value] for name, value in last.items()}).canvas.draw()
