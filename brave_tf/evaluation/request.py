"""What is asked of an evaluation, and what came of it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Literal

from brave_tf.config import EvaluationInput, FineTuneConfig, HeadConfig
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.regularisation import Regularisation
from brave_tf.evaluation.scores import Answers

ProtocolName = Literal["linear", "linear-lars", "mlp", "finetune", "knn", "retrieval"]
OF_WINDOWS: tuple[ProtocolName, ...] = ("knn", "retrieval")
"""Protocols without augmented samples: training clips are seen as test clips are."""
OF_SEVERAL_LABELS: tuple[ProtocolName, ...] = ("linear-lars", "mlp", "finetune")
"""Protocols for clips with several labels each."""

EncoderLike = Callable[..., Any]
"""Clips [B, ...] float32, and `training` -> embeddings [B, D]; mostly a `brave_tf.encoders.encoder.Encoder`."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        protocol: the protocol.
        input_view: the evaluation-time input and its constants.
        label: label column; None chooses it.
        folds: see `brave_tf.evaluation.folds.make_folds`.
        neighbours: neighbours that vote in "knn".
        svm_c_grid: inverse regularisations of "linear" to choose from; none takes `input_view.view.svm_c`.
        head: the classifier of "linear-lars" and "mlp".
        finetune: the training of "finetune".
        seed: decides augmented samples, classifiers and the random initialisation.
    """

    protocol: ProtocolName
    input_view: EvaluationInput
    label: str | None = None
    folds: str | None = None
    neighbours: int = 20
    svm_c_grid: tuple[float, ...] = ()
    head: HeadConfig = HeadConfig()
    finetune: FineTuneConfig = FineTuneConfig()
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of an evaluation.

    Attributes:
        clips: the clips that were used.
        folds: what was trained and tested on.
        trained: answers of the encoder, one for each fold.
        random: answers of the random network, or None.
        regularisation: how the SVM's constant was chosen; None if it was given.
        seconds: what the time was spent on.
    """

    clips: LabelledClips
    folds: Sequence[Fold]
    trained: list[Answers]
    random: list[Answers] | None
    regularisation: Regularisation | None
    seconds: dict[str, float]
