"""The protocol "ridge"."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.errors import UserError
from brave_tf.evaluation.protocol import ClassifierProtocol, for_all_classes
from brave_tf.evaluation.protocols.linear import UNSEEN
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.frozen import EncoderFeatures
    from brave_tf.evaluation.request import Request
    from brave_tf.evaluation.scores import Answers

PENALTIES = tuple(10.0**power for power in range(-2, 7))
"""L2 penalties to choose from, of standardised features."""

_JOINED = {
    "mean": "averaged",
    "concat": "in order, one after the other",
    "thirds": "averaged in three thirds, in order",
}
"""What becomes of the windows, in words."""
_FEW_CLIPS = 2_000
"""Threads of linear algebra wait for each other longer than they compute for fewer."""


@dataclasses.dataclass(frozen=True)
class Ridge(ClassifierProtocol):
    """Ridge regression to the classes, on frozen features of windows that are not augmented.

    Attributes:
        join_windows: what becomes of a clip's windows: "mean" averages their features; "concat" puts them one after the
            other, for classes that the order of events tells apart, such as the words of a sentence; "thirds" averages
            the first, the middle and the last third of them, and puts these after each other, which needs fewer labels.
            `--windows 12,thirds` says the number, too.
    """

    name: ClassVar[str] = "ridge"
    augments: ClassVar[bool] = False

    join_windows: Literal["mean", "concat", "thirds"] = dataclasses.field(
        default="mean", metadata={"flags": ("--join-windows",)}
    )

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        joined = _JOINED[self.join_windows]
        return (
            f"ridge regression on standardised features of {input_view.view.windows} windows, {joined}; its penalty is "
            f"chosen from {PENALTIES[0]:g} to {PENALTIES[-1]:g}, each ten times the one before, by leaving out one "
            "training clip at a time. The paper has no such protocol"
        )

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
        advance()
        return self._fitted(train, train_labels, test, classes)[0]

    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """See `FrozenProtocol.encoder_answers`; the fact is `regularisation`."""
        import numpy as np

        from brave_tf.evaluation.regularisation import Choice, told

        answers, choices, clips = [], [], features.clips
        for fold in features.folds:
            train, test = np.asarray(features.train(fold.train)), np.asarray(features.test(fold.test))
            decisions, penalty = self._fitted(train, clips.labels[fold.train], test, clips.classes)
            answers.append(features.by_video(decisions, fold.test))
            choices.append(Choice(fold, penalty))
            advance()
        return answers, told(choices, "penalty", "each training clip in turn, trained on the others")

    def _fitted(
        self, train: "np.ndarray", train_labels: "np.ndarray", test: "np.ndarray", classes: int
    ) -> "tuple[np.ndarray, float]":
        """The decisions, and the penalty that was chosen."""
        import numpy as np
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        def joined(features: np.ndarray) -> np.ndarray:
            parts = {"mean": 1, "concat": features.shape[1], "thirds": 3}[self.join_windows]
            if parts > features.shape[1]:
                raise UserError(f"received {features.shape[1]} windows to join in thirds; expected at least 3")
            means = [part.mean(axis=1) for part in np.array_split(features, parts, axis=1)]
            return np.concatenate(means, axis=1, dtype=np.float64)

        classifier = make_pipeline(StandardScaler(), RidgeClassifierCV(PENALTIES))
        with threadpool_limits(1 if len(train) < _FEW_CLIPS else None):
            classifier.fit(joined(train), train_labels)
            values = classifier.decision_function(joined(test))
        # With two classes scikit-learn gives one column, that of the second class.
        values = np.stack([-values, values], axis=1) if values.ndim == 1 else values
        return for_all_classes(values, classifier.classes_, classes, UNSEEN), float(classifier[-1].alpha_)
