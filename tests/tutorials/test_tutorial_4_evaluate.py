"""The tutorial on evaluation shows what its text says."""

import json

import pytest

from tests.tutorials.notebooks import run

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return run("tutorial_4_evaluate", tmp_path_factory.mktemp("evaluate"), {"STEPS = 600": "STEPS = 400"})


@pytest.fixture(scope="module")
def reports(ran):
    folder = ran.folder / "tutorial_4" / "reports"
    return {name: json.loads((folder / name / "report.json").read_text()) for name in ("linear", "knn", "finetune")}


def percent(value):
    return f"{100 * value:.0f} %"


def test_what_it_prints_is_what_the_reports_say(ran, reports):
    linear, few = reports["linear"], reports["linear"]["label_fractions"][0]
    assert few["labels"] == 6
    for line in (
        f"this encoder    {percent(linear['mean'])}, 95 % interval",
        f"before training {percent(linear['random_init'])}",
        f"pixels          {percent(linear['beside'][0]['mean'])}",
        "chance          17 %",
        f"with 6 labels: {percent(few['mean'])}, before training {percent(few['random_init'])}",
        f"this encoder {percent(reports['knn']['mean'])}, before training {percent(reports['knn']['random_init'])}",
        f"fine-tuned {percent(reports['finetune']['mean'])}, the same from scratch",
    ):
        assert line in ran.printed


def test_learning_without_labels_pays_most_where_labels_are_few(reports):
    few, *_, all_labels = reports["linear"]["label_fractions"]
    gains = [each["mean"] - each["random_init"] for each in (few, all_labels)]
    assert gains[0] > 0.1 and all_labels["mean"] > all_labels["random_init"]
    assert reports["knn"]["mean"] > reports["knn"]["random_init"] + 0.1
    assert reports["finetune"]["mean"] > 0.5


def test_pixels_tell_nothing(reports):
    assert reports["linear"]["beside"][0]["mean"] < 0.35


def test_nobody_is_warned_and_no_picture_is_blank(ran):
    assert not ran.warnings
    assert len(ran.pictures) == 4 and all(picture.std() > 10 for picture in ran.pictures)
