"""Scores of answers."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from brave_tf.evaluation import scores
from brave_tf.evaluation.scores import Answers


def answers(decisions, labels):
    return Answers(np.asarray(decisions, float), np.asarray(labels), np.arange(len(labels)))


def several(seed, videos=80, classes=5):
    generator = np.random.default_rng(seed)
    labels = generator.random((videos, classes)) < 0.2
    labels[:, -1] = False
    return answers(np.round(generator.random((videos, classes)), 1), labels)


def test_top5_counts_the_five_best():
    decisions = np.eye(8)[::-1] + np.arange(8) / 100
    asked = answers(decisions, np.full(8, 3))
    assert scores.top(asked) == pytest.approx(1 / 8)
    assert scores.top(asked, 5) == pytest.approx(5 / 8)
    assert scores.top(answers(decisions, np.full(8, 0)), 5) == pytest.approx(1 / 8)


def test_mean_average_precision_is_scikit_learns():
    asked = several(0)
    # Without the class that nobody has.
    expected = average_precision_score(asked.labels[:, :-1], asked.decisions[:, :-1], average="macro")
    assert scores.mean_average_precision(asked) == pytest.approx(expected)
    assert np.isnan(scores.average_precisions(asked)).tolist() == [False] * 4 + [True]


def test_weighted_average_precision_is_that_of_repeated_videos():
    asked = several(1)
    truth, decisions = asked.labels[:, 0], asked.decisions[:, 0]
    weights = np.random.default_rng(2).integers(0, 4, (6, len(truth)))
    found = scores.weighted_average_precision(truth, decisions, weights)
    for weight, value in zip(weights, found, strict=True):
        repeated = np.repeat(np.arange(len(truth)), weight)
        assert value == pytest.approx(average_precision_score(truth[repeated], decisions[repeated]))


def test_intervals_hold_the_mean_and_shrink_with_videos():
    generator = np.random.default_rng(0)
    wide, narrow = (scores.interval([(generator.random(n) < 0.7).astype(float)]) for n in (40, 4000))
    assert wide[0] < 0.7 < wide[1] and narrow[0] < 0.7 < narrow[1]
    assert narrow[1] - narrow[0] == pytest.approx(2 * 1.96 * np.sqrt(0.7 * 0.3 / 4000), rel=0.15)
    assert wide[1] - wide[0] > 5 * (narrow[1] - narrow[0])
    low, high = scores.precision_interval([several(0)])
    assert low < scores.mean_average_precision(several(0)) < high


def test_clips_of_a_video_are_averaged():
    decisions = np.array([[1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    asked = scores.by_video(decisions, np.array([1, 1, 0]), np.array([7, 7, 2]), np.array([10, 11, 12]))
    np.testing.assert_allclose(asked.decisions, [[0.0, 1.0], [0.5, 1.5]])
    assert asked.labels.tolist() == [0, 1] and asked.clips.tolist() == [12, 10]


def test_confusion_and_the_most_confident_mistakes():
    asked = answers([[3, 1, 0], [0, 5, 1], [9, 0, 0], [0, 0, 1]], [0, 0, 1, 2])
    assert scores.confusion([asked], 3) == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    worst, other = scores.mistakes([("split1", asked)])
    assert worst == {"fold": "split1", "row": 2, "wanted": 1, "predicted": 0, "confidence": 9.0}
    assert other["confidence"] == 5.0 and scores.mistakes([("split1", asked)], most=1) == [worst]


def test_recall_at_k():
    hits = np.zeros((4, 20), bool)
    hits[0, 0] = hits[1, 4] = hits[2, 15] = True
    asked = answers(hits, np.zeros(4, int))
    assert [scores.recall(asked, at) for at in scores.RECALL_AT] == [0.25, 0.5, 0.5, 0.75]
