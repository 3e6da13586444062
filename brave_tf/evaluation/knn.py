"""Nearest neighbours among frozen features."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler, normalize

from brave_tf.evaluation.linear import Scores, scores


def clip_vectors(windows: np.ndarray, scaler: StandardScaler) -> np.ndarray:
    """One unit vector per clip: the mean over its windows, standardised. [N, V, D] -> [N, D]."""
    return normalize(scaler.transform(windows.mean(axis=1)))


def knn_scores(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    neighbours: int,
    test_videos: np.ndarray | None = None,
) -> Scores:
    """Classifies test clips by their nearest training clips, weighted by closeness.

    Args:
        train: [N, V, D], V windows of N clips.
        train_labels: [N] class indices.
        test: [N', V, D].
        test_labels: [N'] class indices.
        neighbours: how many vote; no more than N do.
        test_videos: [N'] number of the video that a test clip is cut from; votes of its clips are averaged.

    Returns:
        Accuracies and predictions.
    """
    scaler = StandardScaler().fit(train.mean(axis=1))
    classifier = KNeighborsClassifier(n_neighbors=min(neighbours, len(train)), weights="distance")
    classifier.fit(clip_vectors(train, scaler), train_labels)
    votes = classifier.predict_proba(clip_vectors(test, scaler))
    return scores(votes, classifier.classes_, test_labels, test_videos)
