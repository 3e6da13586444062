"""The second tutorial: a few steps of it every time, and what its text says of all of them by hand."""

import json
import re

import keras
import pytest

from tests.tutorials.notebooks import committed, run

NAME = "tutorial_2_pretrain"


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    fewer = {"STEPS = 700": "STEPS = 60", "CLIPS = 60  # generated videos of each of six motions": "CLIPS = 12"}
    return run(NAME, tmp_path_factory.mktemp("short"), fewer)


@pytest.mark.thorough
def test_what_is_told_of_the_videos_is_what_was_prepared(short):
    splits = json.loads((short.folder / "tutorial_2/dataset/dataset.json").read_text())["splits"]
    train, test = (splits[name]["clips"] for name in ("train", "test"))
    assert train + test == 72 and test > 6
    told = f"train: {train} clips\ntest: {test} clips\nclasses: cross, disc, ring, square, star, triangle\n"
    assert f"{told}left out: 0 files\n" in short.printed


@pytest.mark.thorough
def test_what_is_told_of_the_run_is_what_it_wrote(short):
    summary = json.loads((short.folder / "tutorial_2/run/summary.json").read_text())
    told = f"{summary['clips']} clips, 60 steps, loss of the last batch {summary['final_loss']:.2f}"
    assert told in short.printed and (short.folder / "tutorial_2/run.html").is_file()
    files = re.findall(r"^(\S+) +[\d.]+ MB$", short.printed, re.MULTILINE)
    assert {"encoder.keras", "broad_rgb.keras", "checkpoints/", "metrics.jsonl", "summary.json"} <= set(files)


@pytest.mark.thorough
def test_what_is_told_of_the_evaluation_is_what_it_found(short):
    report = json.loads((short.folder / "tutorial_2/report/report.json").read_text())
    told = f"trained {report['mean']:.0%}, before training {report['random_init']:.0%}, guessing {report['chance']:.0%}"
    assert told in short.printed and report["protocol"] == "knn"


@pytest.mark.thorough
def test_the_encoder_is_kept(short):
    network = keras.saving.load_model(short.folder / "tutorial_2/run/encoder.keras")
    told = re.search(r"\(8, 40, 40, 3\) -> \(1, (\d+)\)", short.printed)
    assert int(told[1]) == network.output_shape[-1]


@pytest.mark.thorough
def test_nobody_is_warned_and_no_picture_is_blank(short):
    assert not short.warnings
    assert len(short.pictures) == 4 and all(picture.std() > 10 for picture in short.pictures)


@pytest.mark.slow
def test_it_learns_what_the_views_have_in_common(tmp_path):
    assert_learned(run(NAME, tmp_path).printed)


def test_it_had_learned_when_it_was_committed():
    assert_learned(committed(NAME).printed)


def assert_learned(printed):
    first, last = map(float, re.search(r"loss at first ([\d.]+), at the end ([\d.]+)", printed).groups())
    assert first > 3.5 and last < 2.5
    trained, before, _ = map(int, re.search(r"trained (\d+)%, before training (\d+)%, g\w+ (\d+)%", printed).groups())
    assert trained > before + 15
    told = re.findall(r"of the same class (-?[\d.]+), of different ones (-?[\d.]+)", printed)
    gaps = [float(same) - float(different) for same, different in told]
    assert gaps[1] > gaps[0] + 0.1
