"""The first tutorial shows what its text says."""

import re

import pytest

from tests.tutorials.notebooks import run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run("tutorial_1_views", tmp_path_factory.mktemp("views"))


def test_it_says_what_it_looks_at(ran):
    assert "18 clips to train on, 8 seconds of the first one" in ran.printed
    assert re.search(r"drawn for this view: .*brightness", ran.printed)
    assert (ran.folder / "views.html").is_file() and (ran.folder / "views-of-pictures.html").is_file()


def test_the_broad_views_are_longer(ran):
    """As the text says of the experiment with pictures and of those of the paper."""
    found = re.findall(r"narrow ([\d.]+) s, .*\n    broad ([\d.]+) s", ran.printed)
    assert len(found) == 4 and all(float(broad) > float(narrow) for narrow, broad in found)


def test_nothing_is_predicted_before_training(ran):
    own, other = map(float, re.search(r"own clip ([\d.]+), to any other ([\d.]+)", ran.printed).groups())
    assert own == pytest.approx(other, abs=0.25) and other == pytest.approx(2, abs=0.25)
    loss, *terms = map(float, re.search(r"loss ([\d.]+): \w+ ([\d.]+), \w+ ([\d.]+)", ran.printed).groups())
    assert loss == pytest.approx(sum(terms), abs=0.02) and terms[0] == pytest.approx(own, abs=0.01)


def test_every_picture_is_drawn(ran):
    assert len(ran.pictures) == 7 and all(picture.std() > 10 for picture in ran.pictures)


def test_nobody_is_warned(ran):
    assert "Warning" not in ran.notes
