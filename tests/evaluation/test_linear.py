"""Classifiers on planted features, and against the released evaluation code."""

import numpy as np
import pytest

from brave_tf.errors import UserError
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.protocols.knn import knn_decisions
from brave_tf.evaluation.protocols.linear import linear_decisions
from brave_tf.evaluation.protocols.retrieval import nearest_hits
from brave_tf.evaluation.scores import by_video
from tests import golden_files

CLASSES, CLIPS, SIZE = 4, 60, 16


def planted(seed, noise, epochs=3):
    """Features [epochs, clips, D] around one random centre per class, and labels."""
    centres = np.random.default_rng(0).normal(size=(CLASSES, SIZE))
    generator = np.random.default_rng(seed)
    labels = np.arange(CLIPS) % CLASSES
    return (centres[labels] + noise * generator.normal(size=(epochs, CLIPS, SIZE))).astype(np.float32), labels


def linear(train, labels, windows, **_):
    return linear_decisions(train, labels, windows, [1e-2], CLASSES)[0]


def knn(train, labels, windows, **_):
    return knn_decisions(np.swapaxes(train, 0, 1), labels, windows, 5, CLASSES)


def linear_lars(train, labels, windows, classes=CLASSES):
    return gradient_descent("linear-lars", train, labels, windows, classes)


def mlp(train, labels, windows, classes=CLASSES):
    return gradient_descent("mlp", train, labels, windows, classes, hidden_size=32)


def gradient_descent(name, train, labels, windows, classes, **settings):
    protocol = make_protocol(name, {"epochs": 40, "batch_size": 32, **settings})
    return protocol.decide(train, labels, windows, classes, 0, lambda done, note: None)


def ridge(train, labels, windows, classes=CLASSES, **settings):
    protocol = make_protocol("ridge", settings)
    return protocol.decide(np.swapaxes(train, 0, 1), labels, windows, classes, 0, lambda: None)


PROTOCOLS = [linear, knn, linear_lars, mlp, ridge]


@pytest.mark.parametrize("decide", PROTOCOLS)
def test_separable_features_are_classified(decide):
    (train, labels), (test, _) = planted(1, 0.1), planted(2, 0.1)
    assert np.mean(decide(train, labels, np.swapaxes(test, 0, 1)).argmax(axis=1) == labels) == 1.0


@pytest.mark.parametrize("decide", PROTOCOLS)
def test_planted_share_of_wrong_labels_is_found(decide):
    (train, labels), (test, _) = planted(1, 0.1), planted(2, 0.1)
    wrong = labels.copy()
    wrong[:15] = (wrong[:15] + 1) % CLASSES
    answered = decide(train, labels, np.swapaxes(test, 0, 1)).argmax(axis=1)
    assert np.mean(answered == wrong) == pytest.approx(0.75)


@pytest.mark.parametrize("decide", [linear, knn, ridge, pytest.param(linear_lars, marks=pytest.mark.slow)])
def test_permuted_labels_give_chance(decide):
    (train, labels), (test, _) = planted(1, 0.5), planted(2, 0.5)
    found = []
    for seed in range(12):
        permuted = np.random.default_rng(seed).permutation(labels)
        answered = decide(train, permuted, np.swapaxes(test, 0, 1)).argmax(axis=1)
        found.append(np.mean(answered == labels))
    assert np.mean(found) == pytest.approx(1 / CLASSES, abs=0.12)


def test_ridge_tells_orders_of_windows_apart_where_they_are_joined_in_order():
    (features, _), order = planted(3, 0.1, epochs=2), np.arange(CLIPS) % 2
    forth = np.swapaxes(features, 0, 1).copy()
    forth[:, 0], forth[:, 1] = 1.0, -1.0
    windows = np.where(order[:, None, None] == 0, forth, forth[:, ::-1])
    windows = windows + 0.1 * np.random.default_rng(4).normal(size=windows.shape)
    half = CLIPS // 2
    found = {}
    for joined in ("mean", "concat"):
        protocol = make_protocol("ridge", {"join_windows": joined})
        answered = protocol.decide(windows[:half], order[:half], windows[half:], 2, 0, lambda: None).argmax(axis=1)
        found[joined] = np.mean(answered == order[half:])
    assert found["concat"] == 1.0 and found["mean"] < 0.8


def test_ridge_averages_the_windows_of_each_third():
    (train, labels), (test, _) = planted(1, 1.0, epochs=7), planted(2, 1.0, epochs=7)
    windows, unseen = np.swapaxes(train, 0, 1), np.swapaxes(test, 0, 1)

    def decide(train, test, joined):
        protocol = make_protocol("ridge", {"join_windows": joined})
        return protocol.decide(train, labels, test, CLASSES, 0, lambda: None)

    def means(each):
        return np.stack([each[:, :3].mean(axis=1), each[:, 3:5].mean(axis=1), each[:, 5:].mean(axis=1)], axis=1)

    by_hand = decide(means(windows), means(unseen), "concat")
    np.testing.assert_allclose(decide(windows, unseen, "thirds"), by_hand, rtol=1e-6)
    with pytest.raises(UserError, match="received 2 windows to join in thirds; expected at least 3"):
        decide(windows[:, :2], unseen[:, :2], "thirds")


def test_a_decision_of_ridge_depends_on_no_other_test_clip():
    (train, labels), (test, _) = planted(1, 2.0), planted(2, 2.0)
    windows = np.swapaxes(test, 0, 1)
    np.testing.assert_allclose(ridge(train, labels, windows)[:7], ridge(train, labels, windows[:7]), rtol=1e-9)


@pytest.mark.parametrize("decide", [linear, mlp])
def test_windows_are_averaged_before_the_decision(decide):
    train, labels = planted(1, 0.1)
    windows = np.swapaxes(planted(2, 0.1)[0], 0, 1).copy()
    windows[:, 0] = windows[np.roll(np.arange(CLIPS), 1), 0]
    assert np.mean(decide(train, labels, windows[:, :1]).argmax(axis=1) == labels) < 0.1
    assert np.mean(decide(train, labels, windows).argmax(axis=1) == labels) > 0.95


@pytest.mark.parametrize("decide", [linear_lars, mlp])
def test_several_labels_are_learnt_each_for_itself(decide):
    (train, labels), (test, _) = planted(1, 0.1), planted(2, 0.1)
    several = np.stack([labels == 0, labels == 1, labels >= 2, labels % 2 == 0], axis=1)
    found = decide(train, several, np.swapaxes(test, 0, 1), classes=4)
    np.testing.assert_array_equal(found > 0.5, several)


@pytest.mark.parametrize("decide", [linear, knn])
def test_classes_without_training_clips_are_never_answered(decide):
    train, labels = planted(1, 0.1)
    chosen = labels < 2
    windows = np.swapaxes(train, 0, 1)
    # Two classes, for which scikit-learn gives one column of decisions.
    decisions = decide(train[:, chosen], labels[chosen], windows)
    assert decisions.shape == (CLIPS, CLASSES)
    np.testing.assert_array_equal(decisions[chosen].argmax(axis=1), labels[chosen])
    assert set(decisions.argmax(axis=1)) == {0, 1}


@pytest.mark.parametrize("svm_c", ["1.0", "0.01", "0.0001"])
def test_the_released_linear_protocol(svm_c):
    golden = golden_files.load("svm")
    labels = golden["test_y_per_clip"]
    (decisions,) = linear_decisions(
        golden["train_x"][None], golden["train_y"], golden["test_x"][:, None], [float(svm_c)], 4
    )
    np.testing.assert_allclose(decisions, golden[f"C{svm_c}/test_decision_per_clip"], atol=1e-3)
    videos = np.arange(len(labels)) // 5
    averaged = by_video(decisions, labels, videos, np.arange(len(labels)))
    np.testing.assert_allclose(averaged.decisions, golden[f"C{svm_c}/test_decision_avg"], atol=1e-3)
    # The same clips as five windows of one video.
    (as_windows,) = linear_decisions(
        golden["train_x"][None], golden["train_y"], golden["test_x"].reshape(6, 5, -1), [float(svm_c)], 4
    )
    np.testing.assert_allclose(as_windows, golden[f"C{svm_c}/test_decision_avg"], atol=1e-3)
    right = np.mean(averaged.ranked[:, 0] == averaged.labels)
    assert right == pytest.approx(golden[f"C{svm_c}/top1_train_test"][1])


def test_retrieval_ranks_by_cosine():
    gallery = np.array([[1.0, 0.0], [0.0, 3.0], [10.0, 10.0]])
    found = nearest_hits(gallery, np.array([0, 1, 2]), np.array([[5.0, 0.1], [1.0, 0.9]]), np.array([0, 0]))
    # The nearest of the second query is the long diagonal vector, then the horizontal one.
    assert found.tolist() == [[True, False, False], [False, True, False]]
