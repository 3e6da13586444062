"""Nearest neighbours among frozen features: a classifier, and retrieval."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler, normalize

from brave_tf.evaluation.linear import for_all_classes
from brave_tf.evaluation.scores import RECALL_AT


def knn_decisions(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, neighbours: int, classes: int
) -> np.ndarray:
    """Votes of the nearest training clips, weighted by closeness, on standardised unit vectors.

    Args:
        train: [N, V, D], V windows of N clips.
        train_labels: [N] class indices.
        test: [N', V, D].
        neighbours: how many vote; no more than N do.
        classes: number of classes.

    Returns:
        [N', classes] shares of the votes.
    """
    scaler = StandardScaler().fit(train.mean(axis=1))
    classifier = KNeighborsClassifier(n_neighbors=min(neighbours, len(train)), weights="distance")
    classifier.fit(_unit_vectors(train, scaler), train_labels)
    votes = classifier.predict_proba(_unit_vectors(test, scaler))
    return for_all_classes(votes, classifier.classes_, classes, 0.0)


def retrieved(
    gallery: np.ndarray, gallery_labels: np.ndarray, queries: np.ndarray, query_labels: np.ndarray
) -> np.ndarray:
    """Which of the nearest videos show the class of the query: cosine similarity of mean features.

    Args:
        gallery: [N, D] of the training videos.
        gallery_labels: [N] class indices.
        queries: [N', D] of the test videos.
        query_labels: [N'].

    Returns:
        [N', ranks] bool, the nearest first, as many ranks as the largest recall needs.
    """
    known, asked = normalize(gallery), normalize(queries)
    nearest = [np.argsort(-(known @ query), kind="stable")[: max(RECALL_AT)] for query in asked]
    return np.asarray(gallery_labels[np.array(nearest)] == query_labels[:, None])


def _unit_vectors(windows: np.ndarray, scaler: StandardScaler) -> np.ndarray:
    """One unit vector per clip: the mean over its windows, standardised. [N, V, D] -> [N, D]."""
    unit: np.ndarray = normalize(scaler.transform(windows.mean(axis=1)))
    return unit
