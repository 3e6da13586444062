"""Damaged clips are left out of an evaluation, and its report says how many, which and why."""

import numpy as np
import pytest

from brave_tf.commands import evaluate, prepare
from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.data import open_dataset
from brave_tf.errors import UserError
from brave_tf.evaluation.comparison import compare_with_random
from brave_tf.evaluation.feature_files import DAMAGED
from brave_tf.evaluation.features import Embedder, augmented_features, window_features
from brave_tf.evaluation.fine_tuning import FineTuning
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.summary import summarise
from brave_tf.training.probe import ProbeClips
from tests.data.damaged_records import damaged_copy
from tests.evaluation.test_features import VIEW, corners, silent, small_encoder
from tests.preparation.media_files import write_media

INPUT_VIEW = EvaluationInput(view=VIEW)
CLIPS = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    for number in range(CLIPS):
        write_media(folder / "videos" / "ab"[number % 2] / f"{number}.mp4", seconds=0.6, sound_hz=None)
    return prepare(folder / "videos", folder / "out", workers=1, split="train=0.5,test=0.5")


@pytest.fixture(scope="module")
def rows(whole):
    """One training clip and two test clips, the damaged ones."""
    splits = whole.clips()["split"].to_pylist()
    train = [row for row, split in enumerate(splits) if split == "train"]
    test = [row for row, split in enumerate(splits) if split == "test"]
    return {train[1]: "checksum", test[0]: "pictures", test[2]: "no example"}


@pytest.fixture(scope="module")
def damaged(whole, rows, tmp_path_factory):
    return open_dataset(damaged_copy(whole.path, tmp_path_factory.mktemp("damaged") / "d", rows))


def test_features_of_damaged_clips_are_marked_and_others_are_the_same(whole, damaged, rows):
    for make in (window_features, lambda e, d, c, i, a: augmented_features(e, d, c, i, 1, a)):
        before, after = (
            make([Embedder(corners)], each, each.clips(), INPUT_VIEW, silent)[0] for each in (whole, damaged)
        )
        axis = 0 if make is window_features else 1
        for row, (one, other) in enumerate(zip(*(np.moveaxis(each, axis, 0) for each in (before, after)), strict=True)):
            if row in rows:
                assert (other == DAMAGED).all()
            else:
                np.testing.assert_array_equal(one, other)


def check(report, whole, rows):
    sources = whole.clips()["source"].to_pylist()
    assert report["left_out"]["damaged"] == len(rows)
    assert {entry["source"] for entry in report["damaged"]} == {sources[row] for row in rows}
    for entry in report["damaged"]:
        assert entry["reason"] and entry["offset"] > 0 and entry["shard"]
    (fold,) = report["folds"]
    assert (fold["train_clips"], fold["test_clips"], fold["test_videos"]) == (7, 6, 6)


@pytest.mark.parametrize(
    "protocol", [*(pytest.param(name, marks=pytest.mark.thorough) for name in ("knn", "retrieval")), "linear"]
)
def test_the_report_counts_and_names_them(whole, damaged, rows, protocol, tmp_path):
    request = Request(make_protocol(protocol, {}), INPUT_VIEW)
    for _ in range(2):
        # The second time from the features that are kept.
        outcome = compare_with_random(corners, None, damaged, request, tmp_path)
        check(summarise(outcome, request), whole, rows)
    undamaged = summarise(compare_with_random(corners, None, whole, request), request)
    assert undamaged["damaged"] == [] and undamaged["folds"][0]["test_clips"] == 8


@pytest.mark.thorough
def test_a_fine_tuning_takes_others_and_names_them(whole, damaged, rows, tmp_path):
    request = Request(make_protocol("finetune", {"epochs": 2, "batch_size": 4}), INPUT_VIEW)
    for _ in range(2):
        outcome = compare_with_random(small_encoder(), None, damaged, request, tmp_path)
        check(summarise(outcome, request), whole, rows)


@pytest.mark.thorough
def test_damaged_training_clips_are_remembered_over_an_interruption(damaged, rows, tmp_path):
    table = damaged.clips()
    train = np.array([row for row, split in enumerate(table["split"].to_pylist()) if split == "train"])
    config = make_protocol("finetune", {"epochs": 4, "batch_size": 4, "checkpoint_every": 1})
    labels = np.arange(len(train)) % 2
    task = FineTuning(damaged, table.take(train), labels, table.take(train[2:]), 2, INPUT_VIEW, config, 0)

    class StopError(Exception):
        pass

    reports = []

    def stop(done=1, note=""):
        reports.append(done)
        if len(reports) == 5:
            raise StopError

    with pytest.raises(StopError):
        task.decisions(small_encoder(), tmp_path, stop)
    met: set[int] = set()
    task.decisions(small_encoder(), tmp_path, silent, met)
    assert met == {1}
    again: set[int] = set()
    task.decisions(small_encoder(), tmp_path, silent, again)
    assert again == {1}


def test_where_no_test_clip_is_left_it_is_one_line(whole, tmp_path):
    splits = whole.clips()["split"].to_pylist()
    all_test = {row: "checksum" for row, split in enumerate(splits) if split == "test"}
    data = open_dataset(damaged_copy(whole.path, tmp_path / "d", all_test))
    with pytest.raises(UserError, match="all test clips of fold 'test' are damaged; prepare the dataset again"):
        compare_with_random(corners, None, data, Request(make_protocol("knn", {}), INPUT_VIEW))


@pytest.mark.thorough
def test_the_command_says_it_and_the_page_lists_it(damaged, rows, tmp_path, capsys):
    changes = {"size": 16, "shorter_side": 18, "frames": 2, "windows": 1, "crops": 1, "epochs": 1}
    report = evaluate("random:tiny-va", damaged.path, tmp_path / "out", protocol="knn", view=changes)
    assert report["left_out"]["damaged"] == 3
    assert capsys.readouterr().err.count("warning: damaged and left out: clip ") == 3
    page = (tmp_path / "out" / "report.html").read_text()
    assert "3 damaged" in page and "The 3 damaged ones that were met" in page
    assert all(entry["source"] in page for entry in report["damaged"])


def test_the_probe_of_a_run_leaves_them_out(whole, damaged, rows):
    from brave_tf.training import probe as module

    view = EvaluationConfig(frames=2, step=2, size=8, shorter_side=10, windows=1, crops=1)
    accuracies = []
    for dataset in (whole, damaged):
        probe = module.KNNProbe.__new__(module.KNNProbe)
        probe._clips = ProbeClips.choose([dataset.path], most=100)
        probe._input_view = EvaluationInput(view=view)
        probe._embed = Embedder(corners)
        accuracies.append(probe.accuracy())
    assert np.isfinite(accuracies).all()
