"""The linear protocol: standardise, a linear SVM, decisions averaged over the windows of a video."""

import dataclasses

import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC


@dataclasses.dataclass(frozen=True)
class Scores:
    """How a classifier did.

    Attributes:
        top1: share of the test videos whose best class is right.
        top5: share of the test videos with the right class among the best five; 1 with five classes or fewer.
        predictions: predicted class per test video, in the order of their numbers.
    """

    top1: float
    top5: float
    predictions: np.ndarray


def linear_scores(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    svm_c: float,
    test_videos: np.ndarray | None = None,
) -> Scores:
    """Trains a linear SVM on frozen features and tests it on averaged decisions.

    Args:
        train: [E, N, D], E augmented samples of N clips.
        train_labels: [N] class indices.
        test: [N', V, D], V windows of N' clips.
        test_labels: [N'] class indices.
        svm_c: inverse regularisation.
        test_videos: [N'] number of the video that a test clip is cut from; None if each is a video of its own.

    Returns:
        Accuracies and predictions.

    Raises:
        ValueError: the training labels hold fewer than two classes.

    Reference:
        The paper, section 4.2; the constants of the released evaluation code.
    """
    epochs, _, size = train.shape
    scaler = StandardScaler().fit(train.reshape(-1, size))
    classifier = LinearSVC(C=svm_c, random_state=0)
    classifier.fit(scaler.transform(train.reshape(-1, size)), np.tile(train_labels, epochs))
    decisions = _decisions(classifier, scaler.transform(test.reshape(-1, size)))
    per_clip = decisions.reshape(*test.shape[:2], -1).mean(axis=1)
    return scores(per_clip, classifier.classes_, test_labels, test_videos)


def scores(decisions: np.ndarray, classes: np.ndarray, labels: np.ndarray, videos: np.ndarray | None = None) -> Scores:
    """Accuracies of decision values [N, classes] against labels [N], averaged over the clips of each video [N]."""
    if videos is not None:
        _, first, video = np.unique(videos, return_index=True, return_inverse=True)
        sums = np.zeros((len(first), decisions.shape[1]))
        np.add.at(sums, video, decisions)
        decisions, labels = sums / np.bincount(video)[:, None], labels[first]
    ranked = classes[np.argsort(-decisions, axis=1, kind="stable")]
    return Scores(
        top1=float(np.mean(ranked[:, 0] == labels)),
        top5=float(np.mean((ranked[:, :5] == labels[:, None]).any(axis=1))),
        predictions=ranked[:, 0],
    )


def _decisions(classifier: LinearSVC, vectors: np.ndarray) -> np.ndarray:
    values = classifier.decision_function(vectors)
    # With two classes scikit-learn gives one column, the margin of the second class.
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values
