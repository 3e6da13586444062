"""Whole evaluations on a small real dataset: every protocol, folds, labels, videos that were cut into clips."""

import dataclasses
import json
import shutil
import signal
import time

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from brave_tf.commands import evaluate, prepare
from brave_tf.config import FLOW_AUGMENT, AugmentConfig, EvaluationConfig, EvaluationInput
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.evaluation import features, frozen
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.comparison import compare_with_random
from brave_tf.evaluation.fine_tuning import DECISIONS_FILE, FineTuning
from brave_tf.evaluation.folds import choose_label, make_folds, shared_videos
from brave_tf.evaluation.open_settings import open_settings
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.summary import summarise
from brave_tf.progress import track
from tests.preparation.media_files import write_media
from tests.programs import ONE_UNIT_COMMAND, Program

pytestmark = pytest.mark.usefixtures("one_unit")

VIEW = EvaluationConfig(frames=2, step=2, size=32, shorter_side=40, epochs=1, windows=2, crops=1, svm_c=1.0)
INPUT_VIEW = EvaluationInput(view=VIEW)
CHANGES = {"frames": 1, "size": 32, "shorter_side": 32, "epochs": 1, "windows": 1, "crops": 1}


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


def with_info(dataset, **info):
    return dataclasses.replace(dataset, info={**dataset.info, **info})


def test_the_label_is_chosen_or_asked_for(dataset):
    assert choose_label(dataset, None) == "label" and choose_label(dataset, "fold") == "fold"
    with pytest.raises(UserError, match=r"received --label colour; .* label, fold, speaker"):
        choose_label(dataset, "colour")


def test_a_dataset_without_labels_is_one_line(dataset):
    with pytest.raises(UserError, match="has no labels; prepare it from class folders"):
        choose_label(with_info(dataset, labels={}), None)


def test_a_report_that_has_no_place_is_refused_before_the_work(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/out cannot be written \(Not a directory\); choose another --out"):
        evaluate("random:tiny-va", dataset.path, tmp_path / "file/out", cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_official_folds_are_no_labels_to_predict(dataset):
    with pytest.raises(UserError, match=r"received --label fold; .* label columns: label, speaker"):
        choose_label(with_info(dataset, folds=["fold"]), "fold")


def test_a_column_of_folds_gives_one_fold_per_value(dataset):
    clips = LabelledClips.of(dataset, "label")
    for folds in (
        make_folds(clips, "fold"),
        make_folds(LabelledClips.of(with_info(dataset, folds=["fold"]), "label"), None),
    ):
        assert [fold.name for fold in folds] == ["0", "1", "2"]
        for fold in folds:
            assert set(clips.table["label/fold"].take(fold.test).to_pylist()) == {fold.name}
            assert not set(fold.train) & set(fold.test) and len(fold.train) + len(fold.test) == 14


def test_a_number_of_folds_keeps_clips_of_a_file_together(dataset):
    clips = LabelledClips.of(dataset, "label")
    sources = np.array(clips.table["source"].to_pylist())
    folds = make_folds(clips, "3")
    assert sorted(row for fold in folds for row in fold.test) == list(range(14))
    for fold in folds:
        assert not set(sources[fold.train]) & set(sources[fold.test])


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """A dataset with two official splits, as of UCF101, whose second spoils the test; and groups of two files."""
    folder = tmp_path_factory.mktemp("splits")
    rows = ["path,label,split1,split2,group"]
    for number in range(8):
        write_media(folder / f"{number}.mp4", seconds=0.5, sound_hz=None)
        first = ("train" if number < 4 else "test") if number < 7 else ""
        rows.append(f"{number}.mp4,{'ab'[number // 2 % 2]},{first},{('train', 'test')[number % 2]},g{number // 2}")
    (folder / "list.csv").write_text("\n".join(rows))
    prepared = prepare(folder / "list.csv", folder / "dataset", workers=1)
    return with_info(prepared, folds=["split1", "split2"])


def test_official_splits_train_and_test(splits, capsys):
    clips = LabelledClips.of(splits, "label")
    first, second = make_folds(clips, None)
    sources = clips.table["source"].to_pylist()
    assert {sources[row] for row in first.train} == {f"{n}.mp4" for n in range(4)}
    # The last video is in neither side of the first split.
    assert {sources[row] for row in first.test} == {f"{n}.mp4" for n in range(4, 7)}
    assert shared_videos(clips.table, first) == 0 and shared_videos(clips.table, second) == 4
    report = summarise(*evaluated(splits, Request(make_protocol("knn", {"neighbours": 1}), INPUT_VIEW)))
    assert [fold["name"] for fold in report["splits"]] == ["split1", "split2"]
    assert "fold split2: 4 videos have clips in both training and test" in capsys.readouterr().err
    only = make_folds(clips, "split2")
    assert [fold.name for fold in only] == ["split2"]


def test_groups_stay_together(splits):
    clips = LabelledClips.of(splits, "label")
    for fold in make_folds(clips, "2"):
        assert shared_videos(clips.table, fold) == 0


@pytest.mark.parametrize(
    ("folds", "words"),
    [("1", "a number from 2 on"), ("13", "only 12 source files"), ("11", "largest class has only"), ("x", "label col")],
)
def test_folds_that_cannot_be_made_are_one_line(dataset, folds, words):
    with pytest.raises(UserError, match=words):
        make_folds(LabelledClips.of(dataset, "label"), folds)


def evaluated(dataset: Dataset, request: Request, encoder=brightness, random=brightness):
    return compare_with_random(encoder, random, dataset, request), request


@pytest.mark.parametrize(
    "protocol",
    [
        "linear",
        "knn",
        "retrieval",
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("mlp", "linear-lars")),
    ],
)
def test_a_video_that_was_cut_into_clips_counts_once(dataset, protocol):
    settings = {"knn": {"neighbours": 3}, "mlp": {"epochs": 2}, "linear-lars": {"epochs": 2}}.get(protocol, {})
    request = Request(make_protocol(protocol, settings), INPUT_VIEW, folds="fold")
    report = summarise(*evaluated(dataset, request))
    first = report["folds"][0]
    assert (first["test_clips"], first["test_videos"]) == (6, 4)
    assert first["chance"] == pytest.approx(0.5, abs=0.11 if protocol == "retrieval" else 1e-9)
    assert first["score"] in (0.0, 0.25, 0.5, 0.75, 1.0)
    assert report["interval"][0] <= report["mean"] <= report["interval"][1]
    assert sum(each["videos"] for each in report["per_class"]) == 12
    if protocol == "retrieval":
        assert report["recall"]["1"] == report["mean"] <= report["recall"]["20"] == 1.0
    else:
        assert np.sum(report["confusion"]) == 12
        right = sum(each["score"] * each["videos"] for each in report["per_class"])
        assert len(report["mistakes"]) == 12 - round(right) == 12 - np.trace(report["confusion"])


@pytest.mark.thorough
def test_the_constant_is_chosen_on_training_videos_alone(dataset):
    protocol = make_protocol("linear", {"svm_c_grid": (10.0, 1e-6)})
    request = Request(protocol, INPUT_VIEW, folds="fold")
    report = summarise(*evaluated(dataset, request))
    found = report["regularisation"]
    assert list(found["scores"]) == ["1e-06", "10.0"]
    assert found["validated_on"] == "a fifth of the training videos of each fold"
    assert [fold["name"] for fold in found["folds"]] == ["0", "1", "2"]
    assert {fold["chosen"] for fold in found["folds"]} <= {1e-6, 10.0}
    split = Request(protocol, INPUT_VIEW)
    assert summarise(*evaluated(dataset, split))["regularisation"]["validated_on"] == "a fifth of the training videos"


def test_several_labels_are_scored_by_mean_average_precision(dataset, tmp_path):
    several = with_info(dataset, multilabel=["label"])
    with pytest.raises(UserError, match="received protocol knn for 'label', of which a clip has several; expected one"):
        evaluated(several, Request(make_protocol("knn", {}), INPUT_VIEW, folds="fold"))


def test_random_networks_by_name_are_scored_and_reported(dataset, tmp_path):
    encoder = load_encoder("random:tiny-va")
    report = evaluate(encoder, dataset.path, tmp_path / "out", protocol="knn", folds="fold", seed=0, view=CHANGES)
    assert report["encoder"]["path"] == "random:tiny-va"
    assert json.loads((tmp_path / "out/report.json").read_text()) == json.loads(json.dumps(report))
    assert f"knn: {100 * report['mean']:.1f} %" in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert report["mean"] == report["random_init"] and report["encoder"]["steps"] == 0
    assert report["dataset"]["fingerprint"] == open_dataset(dataset.path).fingerprint
    assert report["tower"] == "narrow" and report["settings"]["classifier"] == {"neighbours": 20}


def test_features_are_computed_once_for_all_protocols(dataset, tmp_path, monkeypatch):
    def run(name, **arguments):
        return evaluate("random:tiny-va", dataset.path, tmp_path / name, folds="fold", view=CHANGES, **arguments)

    first = run("linear")
    monkeypatch.setattr(features, "_append", lambda *_: pytest.fail("features were computed again"))
    again = run("again", classifier={"svm_c_grid": (1e-3, 1.0)})
    assert again["regularisation"]["scores"] and first["encoder"] == again["encoder"]
    for protocol in ("knn", "retrieval", "mlp"):
        # Training clips are seen in windows by the first two; all clips of this dataset are tested in some fold.
        run(protocol, protocol=protocol)


@pytest.mark.thorough
def test_nearest_neighbours_start_from_the_test_features_of_a_linear_evaluation(dataset, tmp_path, monkeypatch):
    embedded, window_features = [], frozen.window_features

    def counted(embeds, dataset, clips, input_view, advance, into):
        embedded.append(clips.num_rows - min(features.done for features in into))
        return window_features(embeds, dataset, clips, input_view, advance, into)

    monkeypatch.setattr(frozen, "window_features", counted)

    def run(protocol, cache):
        request = Request(make_protocol(protocol, {}), INPUT_VIEW)
        return summarise(compare_with_random(brightness, None, dataset, request, cache), request)

    run("linear", tmp_path / "shared")
    (test_clips,) = embedded
    found = run("knn", tmp_path / "shared")
    assert embedded == [test_clips, 0, 14 - test_clips] and 0 < test_clips < 14
    run("retrieval", tmp_path / "shared")
    assert embedded[3:] == [0, 0]
    alone = run("knn", tmp_path / "alone")
    assert {**found, "seconds": 0} == {**alone, "seconds": 0}


def test_an_encoder_that_is_itself_random_is_evaluated_once(dataset, tmp_path):
    def run(name, encoder):
        return evaluate(encoder, dataset.path, tmp_path / name, protocol="knn", folds="fold", seed=3, view=CHANGES)

    report = run("out", "random:tiny-va")
    assert report["random_init"] == report["mean"] and "its own" in report["random_init_note"]
    assert report["random_init_note"] in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert len(list((tmp_path / "features").iterdir())) == 1


NO_CHANGE = AugmentConfig(crop_area=(1.0, 1.0), crop_aspect=(1.0, 1.0), flip=0.0, color=0.0, grayscale=0.0)


def test_training_clips_are_augmented_as_in_pre_training_without_blur():
    changed = AugmentConfig(flip=0.0, hue=0.01, blur=1.0, random_convolution=1.0)
    input_view = dataclasses.replace(INPUT_VIEW, augment=changed)
    assert input_view.video.augment == dataclasses.replace(changed, blur=0.0, random_convolution=0.0)
    assert INPUT_VIEW.video.augment == AugmentConfig(blur=0.0)
    assert EvaluationInput("flow").video.augment == FLOW_AUGMENT


@pytest.mark.thorough
def test_features_of_other_augmentations_are_not_taken(dataset, tmp_path):
    for augment, folders in ((None, 2), (AugmentConfig(blur=0.0), 2), (NO_CHANGE, 3)):
        input_view = dataclasses.replace(INPUT_VIEW, augment=augment)
        request = Request(make_protocol("linear", {}), input_view, folds="fold")
        compare_with_random(brightness, None, dataset, request, tmp_path)
        assert len(list(tmp_path.iterdir())) == folders


def test_the_report_says_whose_augmentation_it_is():
    def lines(protocol, augment):
        return " ".join(
            open_settings(Request(make_protocol(protocol, {}), dataclasses.replace(INPUT_VIEW, augment=augment)))
        )

    for protocol in ("linear", "linear-lars", "mlp", "finetune"):
        assert "as in the pre-training of this encoder" in lines(protocol, NO_CHANGE)
        assert "by the numbers of the paper" in lines(protocol, None)
    assert "augmented" not in lines("knn", NO_CHANGE)


def test_an_interrupted_evaluation_goes_on(dataset, tmp_path):
    def run(name, **arguments):
        report = evaluate(
            "random:tiny-va", dataset.path, tmp_path / name / "out", folds="fold", view=CHANGES, **arguments
        )
        return {key: value for key, value in report.items() if key != "seconds"}

    whole = run("whole")
    shutil.copytree(tmp_path / "whole/features", tmp_path / "cut/features")
    for file in (tmp_path / "cut/features").glob("*/*.npy"):
        file.write_bytes(file.read_bytes()[:-5000])
    assert run("cut") == whole
    for file in (tmp_path / "cut/features").glob("*/*.npy"):
        other = next((tmp_path / "whole/features").glob(f"{file.parent.name}/*.npy"))
        assert file.read_bytes() == other.read_bytes()


def test_fine_tuning_learns_goes_on_and_leaves_the_encoder_as_it_was(dataset, tmp_path):
    changes = {"epochs": 3, "batch_size": 4, "learning_rate": 0.05, "dropout": 0.0}

    def run(name):
        return evaluate(
            "random:tiny-va",
            dataset.path,
            tmp_path / name / "out",
            protocol="finetune",
            view=CHANGES,
            classifier=changes,
            random_init=False,
        )

    report = run("whole")
    assert report["random_init"] is None and report["settings"]["classifier"]["epochs"] == 3
    (folder,) = (tmp_path / "whole/features").iterdir()
    decisions = np.load(folder / "decisions.npy")
    assert decisions.sum(axis=1) == pytest.approx(1.0)
    # Stopped after its last step: it goes on from there, to the same answers.
    shutil.copytree(folder, tmp_path / "cut/features" / folder.name)
    (tmp_path / "cut/features" / folder.name / "decisions.npy").unlink()
    run("cut")
    np.testing.assert_allclose(np.load(tmp_path / "cut/features" / folder.name / "decisions.npy"), decisions, atol=1e-6)


def test_answers_that_are_kept_count_in_no_estimate_of_the_time_left(tmp_path):
    clips = pa.table({"clip_id": [1, 2]})
    task = FineTuning(None, clips, np.array([0, 1]), clips, 2, INPUT_VIEW, make_protocol("finetune", {}), 0)
    np.save(tmp_path / DECISIONS_FILE, np.zeros((2, 2)))
    with track(5 * task.units, "fine-tune") as advance:
        for _ in range(3):
            task.decisions(None, tmp_path, advance)
        line = advance.line(time.monotonic())
    assert f"{3 * task.units}/{5 * task.units}" in line and "left" not in line


def variables_of(folder):
    """Everything in the checkpoint of a fine-tuning, by name."""
    reader = tf.train.load_checkpoint(folder)
    names = [name for name in reader.get_variable_to_shape_map() if ".ATTRIBUTES" in name]
    # How often it was saved depends on the interruptions.
    return {name: reader.get_tensor(name) for name in names if not name.startswith("save_counter")}


@pytest.mark.thorough
def test_fine_tuning_goes_on_from_its_last_saved_step(dataset, tmp_path):
    clips = LabelledClips.of(dataset, "label")
    view = EvaluationInput(view=EvaluationConfig(**CHANGES))
    protocol = make_protocol("finetune", {"epochs": 2, "batch_size": 2, "checkpoint_every": 2})
    task = FineTuning(dataset, clips.table, clips.labels, clips.table.slice(0, 4), clips.classes, view, protocol, 0)
    encoder = load_encoder("random:tiny-va")
    whole = task.decisions(encoder, tmp_path / "whole", lambda done=1, note="": None)
    done_steps = []

    def stop_within_the_epoch(done=1, note=""):
        done_steps.append(done)
        if sum(done_steps) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        task.decisions(encoder, tmp_path / "cut", stop_within_the_epoch)
    assert task.steps_per_epoch == 7
    reports = []
    resumed = task.decisions(encoder, tmp_path / "cut", lambda done=1, note="": reports.append(done))
    assert reports[0] == 4 and sum(reports) == task.units
    np.testing.assert_array_equal(resumed, whole)
    left, right = variables_of(tmp_path / "whole"), variables_of(tmp_path / "cut")
    assert left.keys() == right.keys() and len(left) > 10
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


@pytest.mark.thorough
def test_fine_tuning_that_is_killed_ends_with_the_same_answers(dataset, tmp_path):
    settings = {"epochs": 10, "batch_size": 2, "checkpoint_every": 3}
    arguments = ["evaluate", "random:tiny-va", "--data", str(dataset.path), "--out", str(tmp_path / "killed/out")]
    arguments += ["--protocol", "finetune", "--folds", "2", "--no-random-init"]
    for prefix, options in (("--", CHANGES), ("--classifier.", settings)):
        arguments += [word for name, value in options.items() for word in (f"{prefix}{name}", str(value))]
    process = Program([*ONE_UNIT_COMMAND, *arguments])
    while not list((tmp_path / "killed/features").glob("*/ckpt-*.index")):
        assert process.poll() is None, "ended before its first checkpoint"
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not list((tmp_path / "killed/features").glob("*/decisions.npy"))

    def run(name):
        return evaluate(
            "random:tiny-va",
            dataset.path,
            tmp_path / name / "out",
            protocol="finetune",
            folds=2,
            random_init=False,
            view=CHANGES,
            classifier=settings,
        )

    run("killed"), run("whole")
    for file in (tmp_path / "whole/features").glob("*/decisions.npy"):
        other = tmp_path / "killed/features" / file.parent.name / file.name
        np.testing.assert_array_equal(np.load(other), np.load(file))


def test_settings_that_do_not_fit_are_one_line(dataset, tmp_path):
    def refused(words, **arguments):
        with pytest.raises(UserError, match=words):
            evaluate("random:tiny-va", dataset.path, tmp_path / "out", **arguments)

    refused("size=64, shorter_side=32", view={"size": 64, "shorter_side": 32})
    refused(r"received frames=0; .*greater than or equal to 1", view={"frames": 0})
    refused("for the protocol mlp; expected some of epochs, b", protocol="mlp", classifier={"momentum": 0.5})
    refused("received hidden_size for the protocol linear-lars", protocol="linear-lars", classifier={"hidden_size": 9})
    refused("received epochs for the protocol knn; expected some of n", protocol="knn", classifier={"epochs": 5})
    refused(r"neighbours=0 .*than or equal to 1", protocol="knn", classifier={"neighbours": 0})
    refused("svm_c_grid=-1.0 for the protocol linear; .* greater than 0", classifier={"svm_c_grid": (1.0, -1.0)})
    refused("received svm_c_grid for the protocol mlp", protocol="mlp", classifier={"svm_c_grid": (1.0,)})
    refused("received epochs for the protocol retrieval", protocol="retrieval", classifier={"epochs": 1})
    refused("received protocol svm; expected one of linear, linear-lars", protocol="svm")
    refused("none of the 14 clips in .* has both sound and a 'label' label", tower="audio")
    refused("random:tiny-va has the towers narrow, audio", tower="flow")
