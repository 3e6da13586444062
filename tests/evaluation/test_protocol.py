"""Whole evaluations on a small real dataset: folds, labels, videos that were cut into clips."""

import json

import numpy as np
import pytest
import tensorflow as tf

from brave_tf.config import EvaluationConfig
from brave_tf.data.dataset import open_dataset
from brave_tf.data.prepare import prepare
from brave_tf.errors import UserError
from brave_tf.evaluation.folds import choose_label, make_folds
from brave_tf.evaluation.protocol import Request, evaluate
from brave_tf.evaluation.report import evaluate_and_report
from tests.data.media_files import write_media

VIEW = EvaluationConfig(frames=2, step=2, size=32, shorter_side=40, epochs=1, windows=2, crops=1, svm_c=1.0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Twelve videos of two classes and three folds; the first is cut into three clips."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = ["path,label,fold,speaker"]
    for number in range(12):
        write_media(folder / f"{number}.mp4", seconds=6.0 if number == 0 else 2.0, sound_hz=None)
        rows.append(f"{number}.mp4,{'ab'[number % 2]},{number // 4},s{number % 3 if number < 9 else ''}")
    (folder / "list.csv").write_text("\n".join(rows))
    return prepare(folder / "list.csv", folder / "dataset", clip_seconds=2.0, workers=1)


def brightness(video, training=False):
    return tf.reduce_mean(video, axis=(2, 3, 4))


def usable(dataset):
    clips = dataset.clips()
    labels = np.array([dataset.labels["label"].index(name) for name in clips["label/label"].to_pylist()])
    return clips, labels


def test_the_label_is_chosen_or_asked_for(dataset):
    assert choose_label(dataset, None) == "label" and choose_label(dataset, "fold") == "fold"
    with pytest.raises(UserError, match=r"received --label colour; .* label, fold, speaker"):
        choose_label(dataset, "colour")


def test_a_column_of_folds_gives_one_fold_per_value(dataset):
    clips, labels = usable(dataset)
    folds = make_folds(dataset, clips, labels, "fold")
    assert [fold.name for fold in folds] == ["0", "1", "2"]
    for fold in folds:
        assert set(clips["label/fold"].take(fold.test).to_pylist()) == {fold.name}
        assert not set(fold.train) & set(fold.test) and len(fold.train) + len(fold.test) == 14


def test_a_number_of_folds_keeps_clips_of_a_file_together(dataset):
    clips, labels = usable(dataset)
    sources = np.array(clips["source"].to_pylist())
    folds = make_folds(dataset, clips, labels, "3")
    assert sorted(row for fold in folds for row in fold.test) == list(range(14))
    for fold in folds:
        assert not set(sources[fold.train]) & set(sources[fold.test])


@pytest.mark.parametrize(
    ("folds", "words"),
    [("1", "a number from 2 on"), ("13", "only 12 source files"), ("11", "largest class has only"), ("x", "label col")],
)
def test_folds_that_cannot_be_made_are_one_line(dataset, folds, words):
    clips, labels = usable(dataset)
    with pytest.raises(UserError, match=words):
        make_folds(dataset, clips, labels, folds)


@pytest.mark.parametrize("protocol", ["linear", "knn"])
def test_a_video_that_was_cut_into_clips_counts_once(dataset, protocol):
    report = evaluate(brightness, brightness, dataset, Request(protocol, VIEW, folds="fold", neighbours=3))
    first = report["folds"][0]
    assert (first["test_clips"], first["test_videos"]) == (6, 4)
    assert first["chance"] == pytest.approx(0.5)
    assert first["top1"] in (0.0, 0.25, 0.5, 0.75, 1.0)


def test_random_networks_by_name_are_scored_and_reported(dataset, tmp_path):
    changes = {"frames": 1, "size": 32, "shorter_side": 32, "epochs": 1, "windows": 1, "crops": 1}
    report = evaluate_and_report(
        "random:tiny-va", dataset.path, tmp_path, protocol="knn", folds="fold", seed=0, view_changes=changes
    )
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(report))
    assert report["mean"] == report["random_init"] and report["encoder"]["steps"] == 0
    assert report["dataset"]["fingerprint"] == open_dataset(dataset.path).fingerprint


def test_settings_that_do_not_fit_are_one_line(dataset, tmp_path):
    with pytest.raises(UserError, match="size=64, shorter_side=32"):
        evaluate_and_report("random:tiny-va", dataset.path, tmp_path, view_changes={"size": 64, "shorter_side": 32})
    with pytest.raises(UserError, match=r"received frames=0; .*greater than or equal to 1"):
        evaluate_and_report("random:tiny-va", dataset.path, tmp_path, view_changes={"frames": 0})
