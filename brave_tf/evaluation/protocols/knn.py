"""The protocol "knn"."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Count
from brave_tf.evaluation.protocol import ClassifierProtocol, for_all_classes
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.feature_rows import FeatureRows


@dataclasses.dataclass(frozen=True)
class KNN(ClassifierProtocol):
    """Nearest neighbours among the training clips, by frozen features.

    Attributes:
        neighbours: neighbours that vote.
    """

    name: ClassVar[str] = "knn"
    augments: ClassVar[bool] = False
    streams: ClassVar[bool] = True

    neighbours: Count = dataclasses.field(default=20, metadata={"flags": ("--neighbours",)})

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return f"{self.neighbours} nearest neighbours vote, weighted by closeness, on standardised unit vectors"

    def decide(
        self,
        train: "np.ndarray | FeatureRows",
        train_labels: "np.ndarray",
        test: "np.ndarray | FeatureRows",
        classes: int,
        seed: int,
        advance: Advance,
    ) -> "np.ndarray":
        """See `ClassifierProtocol.decide`."""
        votes = knn_decisions(train, train_labels, test, self.neighbours, classes)
        advance()
        return votes


def knn_decisions(
    train: "np.ndarray | FeatureRows",
    train_labels: "np.ndarray",
    test: "np.ndarray | FeatureRows",
    neighbours: int,
    classes: int,
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

    # One unit vector per clip: the mean over its windows, standardised.
    means = train.mean(axis=1)
    scaler = StandardScaler().fit(means)
    known, queries = (normalize(scaler.transform(each)) for each in (means, test.mean(axis=1)))
    classifier = KNeighborsClassifier(n_neighbors=min(neighbours, len(train)), weights="distance")
    classifier.fit(known, train_labels)
    return for_all_classes(classifier.predict_proba(queries), classifier.classes_, classes, 0.0)
