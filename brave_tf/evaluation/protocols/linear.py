"""The protocol "linear"."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.config.ranges import Positive
from brave_tf.evaluation.protocol import FrozenProtocol, for_all_classes
from brave_tf.progress import Advance, warn

if TYPE_CHECKING:
    import numpy as np
    from sklearn.svm import LinearSVC

    from brave_tf.evaluation.feature_rows import FeatureRows
    from brave_tf.evaluation.frozen import EncoderFeatures
    from brave_tf.evaluation.request import Request
    from brave_tf.evaluation.scores import Answers

UNSEEN = -1e9
"""Decision for a class that no training clip has."""


@dataclasses.dataclass(frozen=True)
class Linear(FrozenProtocol):
    """A linear SVM on frozen features.

    Attributes:
        svm_c_grid: inverse regularisations to choose from, on training videos alone; without them --svm-c is taken.
    """

    name: ClassVar[str] = "linear"

    svm_c_grid: tuple[Positive, ...] = dataclasses.field(default=(), metadata={"flags": ("--svm-c-grid",)})

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        chosen = "chosen from a grid" if self.svm_c_grid else f"{input_view.view.svm_c:g}"
        return (
            f"linear SVM: inverse regularisation C {chosen}; the paper leaves its values open, the released README "
            "takes 1e-4 for all of its numbers"
        )

    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """See `FrozenProtocol.encoder_answers`; the fact is `regularisation`, if it was chosen from the grid."""
        from brave_tf.evaluation.regularisation import HELD_OUT, choose_svm_c, told

        svm_c, clips, choices = request.input_view.view.svm_c, features.clips, []
        answers = []
        for fold in features.folds:
            if self.svm_c_grid:
                choices.append(choose_svm_c(self.svm_c_grid, features, fold))
                svm_c = float(choices[-1].chosen)
            train, test = features.train(fold.train), features.test(fold.test)
            (decisions,) = linear_decisions(train, clips.labels[fold.train], test, [svm_c], clips.classes)
            answers.append(features.by_video(decisions, fold.test))
            advance()
        return answers, told(choices, "C", HELD_OUT) if choices else {}


def linear_decisions(
    train: "np.ndarray | FeatureRows",
    train_labels: "np.ndarray",
    test: "np.ndarray | FeatureRows",
    svm_cs: Sequence[float],
    classes: int,
) -> "list[np.ndarray]":
    """Trains linear SVMs on frozen features, and lets them decide about others.

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
    import numpy as np
    from sklearn.svm import LinearSVC

    from brave_tf.evaluation.feature_rows import FeatureRows
    from brave_tf.evaluation.standardisation import fitted_scaler

    features = FeatureRows.of(train)
    scaler = fitted_scaler(features)
    labels = np.tile(train_labels, len(features))
    # In the type that the SVM computes in, which would make a copy of any other.
    scaled, first = np.empty((len(labels), features.shape[-1])), 0
    for chunk in features.chunks():
        scaled[first : first + len(chunk)] = scaler.transform(chunk)
        first += len(chunk)
    # The decision is linear, so that of the windows' mean is the mean of theirs.
    means = scaler.transform(test.mean(axis=1, dtype=np.float64))
    decisions = []
    for svm_c in svm_cs:
        classifier = _fitted(LinearSVC(C=svm_c, random_state=0), scaled, labels)
        values = classifier.decision_function(means)
        # With two classes scikit-learn gives one column, the margin of the second class.
        values = np.stack([-values, values], axis=1) if values.ndim == 1 else values
        decisions.append(for_all_classes(values, classifier.classes_, classes, UNSEEN))
    return decisions


def _fitted(classifier: "LinearSVC", features: "np.ndarray", labels: "np.ndarray") -> "LinearSVC":
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        classifier.fit(features, labels)
    if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        warn(f"the linear SVM with C={classifier.C:g} has not converged in {classifier.max_iter} iterations")
    return classifier
