"""The protocol "knn"."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count
from brave_tf.evaluation.protocol import ClassifierProtocol, for_all_classes
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np


@dataclasses.dataclass(frozen=True)
class KNN(ClassifierProtocol):
    """Nearest neighbours among the training clips, by frozen features.

    Attributes:
        neighbours: neighbours that vote.
    """

    name: ClassVar[str] = "knn"
    augments: ClassVar[bool] = False

    neighbours: Count = dataclasses.field(default=20, metadata={"flags": ("--neighbours",)})

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return f"{self.neighbours} nearest neighbours vote, weighted by closeness, on standardised unit vectors"

    def decide(
        self,
        train: "np.ndarray",
        train_labels: "np.ndarray",
        test: "np.ndarray",
        classes: int,
        seed: int,
        advance: Advance,
    ) -> "np.ndarray":
        """See `ClassifierProtocol.decide`."""
        votes = knn_decisions(train, train_labels, test, self.neighbours, classes)
        advance()
        return votes


def knn_decisions(
    train: "np.ndarray", train_labels: "np.ndarray", test: "np.ndarray", neighbours: int, classes: int
) -> "np.ndarray":
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
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler, normalize

    scaler = StandardScaler().fit(train.mean(axis=1))
    # One unit vector per clip: the mean over its windows, standardised.
    known, queries = (normalize(scaler.transform(windows.mean(axis=1))) for windows in (train, test))
    classifier = KNeighborsClassifier(n_neighbors=min(neighbours, len(train)), weights="distance")
    classifier.fit(known, train_labels)
    return for_all_classes(classifier.predict_proba(queries), classifier.classes_, classes, 0.0)
