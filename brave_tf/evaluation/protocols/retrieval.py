"""The protocol "retrieval"."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from brave_tf.config.evaluation import EvaluationInput
from brave_tf.evaluation.protocol import FrozenProtocol
from brave_tf.progress import Advance

if TYPE_CHECKING:
    import numpy as np

    from brave_tf.evaluation.frozen import EncoderFeatures
    from brave_tf.evaluation.request import Request
    from brave_tf.evaluation.scores import Answers


@dataclasses.dataclass(frozen=True)
class Retrieval(FrozenProtocol):
    """Retrieval of the nearest training videos, by frozen features."""

    name: ClassVar[str] = "retrieval"
    augments: ClassVar[bool] = False
    answers_with: ClassVar[Literal["classes", "ranks"]] = "ranks"

    def open_settings(self, input_view: EvaluationInput) -> str:
        """See `EvaluationProtocol.open_settings`."""
        return (
            "videos are compared by the cosine of their mean features; test videos are the queries, training videos "
            "what is searched"
        )

    def encoder_answers(
        self, features: "EncoderFeatures", request: "Request", advance: Advance
    ) -> "tuple[list[Answers], dict[str, Any]]":
        """See `FrozenProtocol.encoder_answers`: whole videos are compared, and not their clips."""
        from brave_tf.evaluation.scores import Answers

        answers = []
        for fold in features.folds:
            gallery, queries = (
                features.by_video(features.test(rows).mean(axis=1), rows) for rows in (fold.train, fold.test)
            )
            hits = nearest_hits(gallery.decisions, gallery.labels, queries.decisions, queries.labels)
            answers.append(Answers(hits, queries.labels, queries.clips))
            advance()
        return answers, {}


def nearest_hits(
    gallery: "np.ndarray", gallery_labels: "np.ndarray", queries: "np.ndarray", query_labels: "np.ndarray"
) -> "np.ndarray":
    """Which of the nearest videos show the class of the query: cosine similarity of mean features.

    Args:
        gallery: [N, D] of the training videos.
        gallery_labels: [N] class indices.
        queries: [N', D] of the test videos.
        query_labels: [N'].

    Returns:
        [N', ranks] bool, the nearest first, as many ranks as the largest recall needs.
    """
    import numpy as np
    from sklearn.preprocessing import normalize

    from brave_tf.evaluation.scores import RECALL_AT

    known = normalize(gallery)
    nearest = [np.argsort(-(known @ query), kind="stable")[: max(RECALL_AT)] for query in normalize(queries)]
    return np.asarray(gallery_labels[np.array(nearest)] == query_labels[:, None])
