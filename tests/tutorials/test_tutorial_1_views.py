"""The first tutorial shows what its text says."""

import re

import pytest

from tests.tutorials.notebooks import run

NAME = "tutorial_1_views"
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run(NAME, tmp_path_factory.mktemp("views"))


def test_it_says_what_it_looks_at(ran):
    assert "18 clips to train on; the first lasts 8 seconds" in ran.printed
    assert re.search(r"drawn for this view: .*brightness", ran.printed)
    assert all((ran.folder / "tutorial_1" / name).is_file() for name in ("views.html", "views-of-pictures.html"))


def test_the_broad_views_are_longer(printed):
    """As the text says of the experiment with pictures and of those of the paper."""
    found = re.findall(r"narrow ([\d.]+) s, .*\n    broad ([\d.]+) s", printed)
    assert len(found) == 4 and all(float(broad) > float(narrow) for narrow, broad in found)


def test_nothing_is_predicted_before_training(printed):
    own, other = map(float, re.search(r"its own clip ([\d.]+), to any other ([\d.]+)", printed).groups())
    assert own == pytest.approx(other, abs=0.25) and other == pytest.approx(2, abs=0.25)
    loss, *terms = map(float, re.search(r"loss ([\d.]+): \w+ ([\d.]+), \w+ ([\d.]+)", printed).groups())
    assert loss == pytest.approx(sum(terms), abs=0.02) and terms[0] == pytest.approx(own, abs=0.01)


def test_every_picture_is_drawn(ran):
    assert len(ran.pictures) == 7 and all(picture.std() > 10 for picture in ran.pictures)


def test_nobody_is_warned(ran):
    assert not ran.warnings
