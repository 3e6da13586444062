"""The tutorial on own networks shows what its text says."""

import re

import keras
import numpy as np
import pytest

from tests.tutorials.notebooks import run

NAME = "tutorial_5_own_networks"
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run(NAME, tmp_path_factory.mktemp("own"))


def test_the_loss_falls(printed):
    first, last = map(float, re.search(r"loss ([\d.]+) in the first epoch, ([\d.]+) in the last", printed).groups())
    assert 2 < first < 4 and last < 0.5


def test_motion_is_read_from_the_trained_network_alone(printed):
    read = {name: float(score) for name, score in re.findall(r"^([\w ]+): R² (-?[\d.]+)$", printed, re.MULTILINE)}
    assert read["pixels"] < 0.2 < read["before training"] < read["after training"] - 0.15
    assert read["after training"] > 0.85


def test_an_augmentation_and_a_loss_of_ones_own(printed):
    first, last = map(float, re.search(r"penalty ([\d.]+) in the first.* ([\d.]+) in the last", printed).groups())
    assert last < first
    ranks = [float(rank) for rank in re.findall(r"effective rank of the projections ([\d.]+) of 32", printed)]
    assert ranks[1] > ranks[0] + 1
    assert float(re.search(r"with mirrored views and the penalty: R² ([\d.]+)", printed)[1]) > 0.8


def test_what_is_kept_loads_with_keras_alone(ran):
    (trained, loaded) = re.findall(r"^(?:trained|loaded) +(.+) \.\.\.$", ran.printed, re.MULTILINE)
    np.testing.assert_allclose(np.array(loaded.split(), float), np.array(trained.split(), float), atol=2e-3)
    assert keras.saving.load_model(ran.folder / "video_network.keras").output_shape == (None, 64)


def test_nobody_is_warned_and_no_picture_is_blank(ran):
    assert not ran.warnings
    assert len(ran.pictures) == 3 and all(picture.std() > 10 for picture in ran.pictures)
