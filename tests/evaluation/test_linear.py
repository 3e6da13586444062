"""The linear protocol on planted features."""

import numpy as np
import pytest

from brave_tf.evaluation.knn import knn_scores
from brave_tf.evaluation.linear import linear_scores, scores

CLASSES, CLIPS, SIZE = 4, 60, 16


def planted(seed, noise, epochs=3):
    """Features [epochs, clips, D] around one random centre per class, and labels."""
    centres = np.random.default_rng(0).normal(size=(CLASSES, SIZE))
    generator = np.random.default_rng(seed)
    labels = np.arange(CLIPS) % CLASSES
    return centres[labels] + noise * generator.normal(size=(epochs, CLIPS, SIZE)), labels


def test_separable_features_are_classified():
    (train, labels), (test, _) = planted(1, 0.1), planted(2, 0.1)
    result = linear_scores(train, labels, test.transpose(1, 0, 2), labels, svm_c=1e-2)
    assert result.top1 == 1.0
    np.testing.assert_array_equal(result.predictions, labels)
    assert knn_scores(train.transpose(1, 0, 2), labels, test.transpose(1, 0, 2), labels, 5).top1 == 1.0


def test_planted_share_of_wrong_labels_is_found():
    (train, labels), (test, _) = planted(1, 0.1), planted(2, 0.1)
    wrong = labels.copy()
    wrong[:15] = (wrong[:15] + 1) % CLASSES
    assert linear_scores(train, labels, test.transpose(1, 0, 2), wrong, svm_c=1e-2).top1 == pytest.approx(0.75)


def test_permuted_labels_give_chance():
    (train, labels), (test, _) = planted(1, 0.5), planted(2, 0.5)
    found = []
    for seed in range(12):
        permuted = np.random.default_rng(seed).permutation(labels)
        found.append(linear_scores(train, permuted, test.transpose(1, 0, 2), labels, svm_c=1e-2).top1)
    assert np.mean(found) == pytest.approx(1 / CLASSES, abs=0.12)


def test_windows_are_averaged_before_the_decision():
    train, labels = planted(1, 0.1)
    clean, _ = planted(2, 0.1, epochs=3)
    windows = clean.transpose(1, 0, 2).copy()
    windows[:, 0] = windows[np.roll(np.arange(CLIPS), 1), 0]
    assert linear_scores(train, labels, windows[:, :1], labels, 1e-2).top1 < 0.1
    assert linear_scores(train, labels, windows, labels, 1e-2).top1 > 0.95


def test_two_classes():
    train, labels = planted(1, 0.1)
    chosen = labels < 2
    test = train[:, chosen].transpose(1, 0, 2)
    assert linear_scores(train[:, chosen], labels[chosen], test, labels[chosen], 1e-2).top1 == 1.0


def test_top5_counts_the_five_best():
    decisions = np.eye(8)[::-1] + np.arange(8) / 100
    result = scores(decisions, np.arange(8), np.full(8, 3))
    assert result.top1 == pytest.approx(1 / 8)
    assert result.top5 == pytest.approx(5 / 8)
    assert scores(decisions, np.arange(8), np.full(8, 0)).top5 == pytest.approx(1 / 8)
