"""The first tutorial shows what its text says."""

import pytest

from tests.tutorials.notebooks import run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run("tutorial_1_views", tmp_path_factory.mktemp("views"))


def test_it_says_what_it_looks_at(ran):
    assert "18 clips to train on, 8 seconds of the first one" in ran.printed


def test_nobody_is_warned(ran):
    assert "Warning" not in ran.notes


def test_no_picture_is_blank(ran):
    assert ran.pictures and all(picture.std() > 10 for picture in ran.pictures)
