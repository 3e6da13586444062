"""The linear protocol: standardise, a linear SVM, decisions averaged over the windows of a video."""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from brave_tf.progress import note

UNSEEN = -1e9
"""Decision for a class that no training clip has."""


def linear_decisions(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, svm_cs: Sequence[float], classes: int
) -> list[np.ndarray]:
    """Trains linear SVMs on frozen features, and asks them about others.

    Args:
        train: [E, N, D], E augmented samples of N clips.
        train_labels: [N] class indices.
        test: [N', V, D], V windows of N' clips.
        svm_cs: inverse regularisations, one SVM for each.
        classes: number of classes.

    Returns:
        For every inverse regularisation [N', classes], decisions averaged over the windows.

    Raises:
        ValueError: the training labels hold fewer than two classes.

    Reference:
        The paper, section 4.2; the constants of the released evaluation code.
    """
    epochs, _, size = train.shape
    scaler = StandardScaler()
    scaled = scaler.fit_transform(train.reshape(-1, size))
    labels = np.tile(train_labels, epochs)
    # The decision is linear, so that of the windows' mean is the mean of theirs.
    asked = scaler.transform(test.mean(axis=1, dtype=np.float64))
    decisions = []
    for svm_c in svm_cs:
        classifier = _fitted(LinearSVC(C=svm_c, random_state=0), scaled, labels)
        values = classifier.decision_function(asked)
        # With two classes scikit-learn gives one column, the margin of the second class.
        values = np.stack([-values, values], axis=1) if values.ndim == 1 else values
        decisions.append(for_all_classes(values, classifier.classes_, classes, UNSEEN))
    return decisions


def _fitted(classifier: LinearSVC, features: np.ndarray, labels: np.ndarray) -> LinearSVC:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(features, labels)
    if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        note(f"the linear SVM with C={classifier.C:g} has not converged in {classifier.max_iter} iterations")
    return classifier


def for_all_classes(values: np.ndarray, known: np.ndarray, classes: int, otherwise: float) -> np.ndarray:
    """Columns of the known classes [N, known] among those of all classes [N, classes]."""
    placed = np.full((len(values), classes), otherwise)
    placed[:, known] = values
    return placed
