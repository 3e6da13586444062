"""The third tutorial, without a connection: a stand-in is converted, said to be one, and used."""

import re

import pytest

from tests.tutorials.notebooks import run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    # Nobody listens there, and nothing was fetched before.
    no_connection = {"https_proxy": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(folder / "cache")}
    return run("tutorial_3_released_checkpoint", folder, environment=no_connection)


def test_a_stand_in_is_told_from_a_checkpoint(ran):
    assert "v-a-tsm50 cannot be fetched" in ran.printed and "check the internet connection" in ran.printed
    assert "This is a STAND-IN with random weights." in ran.printed and "as it was released" not in ran.printed
    assert "converted: narrow_video_embedding/TSMResNetV2\nleft over: nothing" in ran.printed


def test_every_published_checkpoint_is_listed(ran):
    assert re.findall(r"^(v-\S+) +HMDB51 [\d.]+, UCF101 [\d.]+, Kinetics-600 [\d.]+$", ran.printed, re.MULTILINE) == [
        "v-fa-tsm50",
        "v-fa-tsm50x2",
        "v-a-tsm50",
        "v-vvv-tsm50",
    ]


def test_all_videos_are_embedded(ran):
    assert "12 files, 24 windows of 2.56 seconds, 512 numbers each" in ran.printed


def test_keras_and_tensorflow_alone_give_the_same(ran):
    assert "Keras alone: 512 numbers, the same: True" in ran.printed
    assert "TensorFlow alone: 512 numbers, the same: True" in ran.printed
    assert "frames of 120 x 160, as they are: (1, 512)" in ran.printed


def test_a_classifier_learns_on_top(ran):
    classes, first, last = re.search(r"(\d+) classes, loss ([\d.]+) at first, ([\d.]+) at last", ran.printed).groups()
    assert classes == "6" and float(last) < 0.5 * float(first)
    learning, all_of_them = re.search(r"([\d,]+) of ([\d,]+) parameters learn", ran.printed).groups()
    assert learning == f"{513 * 6:,}" and int(all_of_them.replace(",", "")) > 100_000
    assert "circle-0001.mp4: circle" in ran.printed


def test_what_is_shown(ran):
    assert len(ran.pictures) == 1 and ran.pictures[0].std() > 10
    assert "Warning" not in ran.notes and "INFO" not in ran.printed
