"""Accuracy against the number of labels: which labels are drawn, and what is told of it."""

import dataclasses
import json

import numpy as np
import pytest

from brave_tf.cli.main import main
from brave_tf.commands import evaluate, prepare
from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.errors import UsageError
from brave_tf.evaluation import frozen
from brave_tf.evaluation.label_fractions import draws_of, label_curve, parse_fractions, with_fewer_labels
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.request import Outcome, Request
from brave_tf.evaluation.scores import Answers
from brave_tf.evaluation.scoring import interval_of, interval_of_draws
from tests.evaluation.planted import features_of, labelled, two_folds
from tests.pages.reading import Reading
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit")

LABELS = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [60, 30, 10]))
CLIPS = labelled(np.repeat(LABELS, 2), clips_per_video=2)
FOLDS = two_folds(0)[:0]
FRACTIONS = (0.1, 0.25, 0.5, 1.0)


def folds_by_video():
    """Videos of the first half train, those of the second test, and the other way round."""
    halves = np.split(np.arange(200), 2)
    return [
        dataclasses.replace(fold, train=a, test=b)
        for fold, a, b in zip(two_folds(2), halves, halves[::-1], strict=True)
    ]


def subset(found, fraction, draw, fold=0):
    share = (fraction, draw, fold)
    (match,) = [each for each in found if dataclasses.astuple(each.share) == share]
    return match


@pytest.mark.parametrize(
    ("given", "expected"),
    [("0.25,0.05,1", (0.05, 0.25, 1.0)), (("0.1", "0.1"), (0.1,)), ([1, 0.5], (0.5, 1.0)), (0.5, (0.5,)), ((), ())],
)
def test_fractions_are_read_in_any_order(given, expected):
    assert parse_fractions(given) == expected


@pytest.mark.parametrize("given", ["0", "1.5", "-1", "half", "0.1,", "nan", "5%"])
def test_what_is_no_fraction_is_one_line(given):
    with pytest.raises(UsageError, match=r"received --label-fractions .*; expected numbers above 0 and up to 1"):
        parse_fractions(given)


def test_smaller_parts_are_within_larger_ones_and_classes_keep_their_shares():
    found = with_fewer_labels(folds_by_video(), CLIPS, FRACTIONS, seed=0)
    assert len(found) == 2 * (5 + 5 + 3)
    for fold in range(2):
        for draw in range(3):
            parts = [subset(found, fraction, draw, fold).train for fraction in FRACTIONS[:-1]]
            whole = folds_by_video()[fold].train
            for smaller, larger in zip(parts, [*parts[1:], whole], strict=True):
                assert set(smaller) < set(larger)
            for fraction, part in zip(FRACTIONS, parts, strict=False):
                # The two clips of a video come together.
                assert set(part) == {row ^ 1 for row in part}
                counts, all_counts = (np.bincount(CLIPS.labels[rows], minlength=3) / 2 for rows in (part, whole))
                np.testing.assert_array_equal(counts, np.maximum(np.floor(fraction * all_counts + 0.5), 1))
        for each in found:
            np.testing.assert_array_equal(each.test, folds_by_video()[each.share.fold].test)


def test_a_seed_decides_the_draws():
    first, again, other = (with_fewer_labels(folds_by_video(), CLIPS, FRACTIONS, seed) for seed in (0, 0, 1))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.train, b.train)
    assert any(not np.array_equal(a.train, b.train) for a, b in zip(first, other, strict=True))
    draws = {tuple(subset(first, 0.1, draw).train) for draw in range(draws_of(0.1))}
    assert len(draws) == 5


def test_of_several_labels_whole_videos_are_drawn():
    several = np.random.default_rng(0).random((40, 3)) < 0.5
    clips = labelled(several)
    found = with_fewer_labels(two_folds(40), clips, (0.25,), seed=0)
    assert {len(each.train) for each in found} == {5} and len(found) == 10


@pytest.mark.parametrize("name", ["linear", "ridge"])
def test_more_labels_tell_more(name):
    labels = np.random.default_rng(3).integers(0, 3, 240)
    clips, folds = labelled(labels), two_folds(240)
    subsets = with_fewer_labels(folds, clips, (0.05, 0.3, 1.0), 0)
    features = features_of(clips, [*folds, *subsets], noise=2.0)
    if name == "ridge":
        features = dataclasses.replace(features, _train=features._test)
    view = EvaluationConfig(windows=2, crops=1, svm_c=0.01)
    request = Request(make_protocol(name, {}), EvaluationInput(view=view))
    answers, facts = request.protocol.encoder_answers(features, request, lambda *_: None)
    outcome = Outcome(clips, folds, answers[:2], None, facts, {}, subsets, answers[2:])
    small, middle, whole = label_curve(outcome, (0.05, 0.3, 1.0), "classes")
    assert (small["labels"], whole["labels"]) == (6.0, 120.0) and (small["draws"], middle["draws"]) == (5, 3)
    assert small["mean"] + 0.05 < middle["mean"] < whole["mean"] + 0.03
    assert small["mean"] == pytest.approx(np.mean(small["draw_means"])) and len(set(small["draw_means"])) > 1
    for record in (small, middle, whole):
        assert record["interval"][0] < record["mean"] < record["interval"][1] and record["random_init"] is None
    if name == "ridge":
        # Of the whole folds alone.
        assert [each["name"] for each in facts["regularisation"]["folds"]] == ["1", "2"]


def answers_with(right):
    labels = np.zeros(len(right), int)
    return Answers(np.stack([right, ~right], axis=1).astype(float), labels, labels)


def test_the_interval_of_draws_covers_videos_and_draws():
    generator = np.random.default_rng(0)
    half = generator.random(400) < 0.5
    # One draw, and the same draw many times, are no more certain than the videos are.
    once, often = (
        interval_of_draws("classes", [[answers_with(half)]]),
        interval_of_draws("classes", 5 * [[answers_with(half)]]),
    )
    np.testing.assert_allclose(once, interval_of("classes", [answers_with(half)]), atol=0.02)
    np.testing.assert_allclose(once, often, atol=0.02)
    # Draws that differ by much add what they differ by.
    apart = [[answers_with(np.arange(400) < count)] for count in (100, 300)]
    low, high = interval_of_draws("classes", apart)
    assert low < 0.3 and high > 0.7


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Twelve noisy videos with sound, of two classes."""
    folder = tmp_path_factory.mktemp("fewer")
    for number in range(12):
        path = folder / "ab"[number % 2] / f"{number}.mp4"
        write_media(path, seconds=0.5, tone_hz=200.0 + 50 * number, noise_seed=number)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1)


SMALL = {"frames": 2, "size": 32, "shorter_side": 32, "epochs": 1, "windows": 1, "crops": 1, "audio_seconds": 0.3}


def test_the_command_tells_and_draws_it_beside_baselines(dataset, tmp_path, capsys, monkeypatch):
    options = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    command = [
        "evaluate",
        "random:tiny-va",
        "--data",
        str(dataset.path),
        "--out",
        str(tmp_path / "out"),
        "--folds",
        "2",
    ]
    command += ["--protocol", "ridge", "--label-fractions", "0.34,1", "--beside", "baseline:pixels,baseline:log-mel"]
    assert main([*command, *options]) == 0
    printed = capsys.readouterr().out
    assert "2 (34 %)" in printed and "6 (100 %)" in printed and "baseline:log-mel" in printed
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert (
        [each["fraction"] for each in report["label_fractions"]] == report["settings"]["label_fractions"] == [0.34, 1.0]
    )
    few, whole = report["label_fractions"]
    assert (few["labels"], few["draws"], whole["labels"], whole["draws"]) == (2.0, 3, 6.0, 1)
    for key in ("mean", "interval", "random_init"):
        assert whole[key] == report[key]
    for place, name in enumerate(["baseline:pixels", "baseline:log-mel"]):
        assert report["beside"][place]["encoder"] == name and report["beside"][place]["test_videos"] == 12
        assert whole["beside"][name]["mean"] == report["beside"][place]["mean"]
    reading = Reading((tmp_path / "out/report.html").read_text(encoding="utf-8"))
    assert "Fewer labels" in reading.text and "baseline:log-mel, beside it" in reading.text
    # Nothing is computed again, and what is asked beside it changes nothing of the encoder itself.
    monkeypatch.setattr(frozen, "window_features", lambda *args: [features.array() for features in args[-1]])
    alone = evaluate("random:tiny-va", dataset.path, tmp_path / "alone", protocol="ridge", folds=2, view=SMALL)
    assert "label_fractions" not in alone and "beside" not in alone
    assert {key: report[key] for key in alone if key not in ("seconds", "settings")} == json.loads(
        json.dumps({key: value for key, value in alone.items() if key not in ("seconds", "settings")})
    )


@pytest.mark.thorough
@pytest.mark.parametrize("protocol", ["finetune", "knn", "retrieval", "mlp"])
def test_every_protocol_takes_fewer_labels(dataset, tmp_path, protocol):
    classifier = {"finetune": {"epochs": 1, "batch_size": 4}, "mlp": {"epochs": 2}}.get(protocol, {})
    report = evaluate(
        "random:tiny-va",
        dataset.path,
        tmp_path / "out",
        protocol=protocol,
        folds=2,
        view=SMALL,
        classifier=classifier,
        label_fractions="0.5,1",
        random_init=False,
    )
    few, whole = report["label_fractions"]
    assert few["labels"] == 4.0 and whole["mean"] == report["mean"] and 0 <= few["mean"] <= 1
