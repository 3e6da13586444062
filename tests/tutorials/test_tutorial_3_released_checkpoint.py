"""The third tutorial, without a connection: a stand-in is converted, said to be one, and used."""

import re

import numpy as np
import pytest

from tests.tutorials.notebooks import run

NAME = "tutorial_3_released_checkpoint"
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    # Nobody listens there, and nothing was fetched before.
    no_connection = {"https_proxy": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(folder / "cache")}
    return run(NAME, folder, environment=no_connection)


def test_a_stand_in_is_told_from_a_checkpoint(printed):
    told = " ".join(printed.split())
    assert "v-a-tsm50 cannot be fetched" in told and "check the internet connection" in told
    assert "This is a STAND-IN with random weights." in printed and "as it was released" not in printed
    assert "converted: narrow_video_embedding/TSMResNetV2\nleft over: nothing" in printed


def test_every_published_checkpoint_is_listed(printed):
    assert re.findall(r"^(v-\S+) +HMDB51 [\d.]+, UCF101 [\d.]+, Kinetics-600 [\d.]+$", printed, re.MULTILINE) == [
        "v-fa-tsm50",
        "v-fa-tsm50x2",
        "v-a-tsm50",
        "v-vvv-tsm50",
    ]


def test_all_videos_are_embedded(printed):
    assert "12 files, 24 windows of 2.56 seconds, 512 numbers each" in printed


def test_keras_and_tensorflow_alone_give_the_same(printed):
    told = re.findall(r"^(.{32}) ((?:-?\d\.\d{4} ){5})\.\.\.$", printed, re.MULTILINE)
    numbers = {name.strip(): np.array(listed.split(), float) for name, listed in told}
    assert list(numbers) == ["this library", "Keras alone", "TensorFlow alone", "from frames of 96 x 96 pixels"]
    first, *others = numbers.values()
    assert np.abs(first).max() > 0.01
    for other in others[:2]:
        np.testing.assert_allclose(other, first, atol=2e-4)
    np.testing.assert_allclose(others[2], first, atol=1e-3)


def test_a_classifier_learns_on_top(printed):
    classes, first, last = re.search(r"(\d+) classes, loss ([\d.]+) at first, ([\d.]+) at last", printed).groups()
    assert classes == "6" and float(last) < 0.5 * float(first)
    learning, all_of_them = re.search(r"([\d,]+) of ([\d,]+) parameters learn", printed).groups()
    assert learning == f"{513 * 6:,}" and int(all_of_them.replace(",", "")) > 100_000
    assert "circle-0001.mp4: circle" in printed


def test_what_is_shown(ran):
    assert len(ran.pictures) == 1 and ran.pictures[0].std() > 10
    assert not ran.warnings and "INFO" not in ran.printed
