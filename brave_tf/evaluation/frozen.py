"""Answers from frozen features: computed once, kept, and given to one classifier after the other."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from brave_tf.encoders.encoder import Encoder
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import FeatureFolder, Features
from brave_tf.evaluation.features import augmented_features, graph_of, window_features
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.heads import head_decisions
from brave_tf.evaluation.knn import knn_decisions, retrieved
from brave_tf.evaluation.linear import linear_decisions
from brave_tf.evaluation.regularisation import Regularisation, choose_svm_c
from brave_tf.evaluation.request import OF_WINDOWS, EncoderLike, Request
from brave_tf.evaluation.scores import Answers, by_video
from brave_tf.progress import Advance, track

UNUSED = {"train": {"svm_c", "windows", "crops", "crop_places"}, "test": {"svm_c", "epochs"}}
"""Settings of the view that do not change the features of training samples and of test windows."""


@dataclasses.dataclass(frozen=True)
class FrozenFeatures:
    """An evaluation of frozen features.

    Attributes:
        clips: the labelled clips.
        folds: what to train and to test on.
        request: protocol and settings.
        folder: where features are kept.
    """

    clips: LabelledClips
    folds: Sequence[Fold]
    request: Request
    folder: FeatureFolder

    def answers(
        self, encoders: Sequence[EncoderLike]
    ) -> tuple[list[list[Answers]], Regularisation | None, dict[str, float]]:
        """What classifiers on the features of each encoder answer, fold by fold.

        Returns:
            For each encoder its answers, one for each fold; how the constant of the first one's SVM was chosen; and
            seconds spent on features and on classifiers.
        """
        began = time.monotonic()
        features = self._features(encoders)
        embedded = time.monotonic()
        found, regularisations = [], []
        units = self.request.head.epochs if self.request.protocol in ("linear-lars", "mlp") else 1
        with track(len(encoders) * len(self.folds) * units, "train classifiers") as advance:
            for train, test in features:
                svm_c, regularisation = self._svm_c(train, test)
                regularisations.append(regularisation)
                found.append([self._answers(fold, train, test, svm_c, advance) for fold in self.folds])
        seconds = {"features": embedded - began, "classifiers": time.monotonic() - embedded}
        return found, regularisations[0], seconds

    def _features(self, encoders: Sequence[EncoderLike]) -> list[tuple["_Rows", "_Rows"]]:
        """Of every encoder the features of training and of test clips."""
        input_view, seed, dataset = self.request.input_view, self.request.seed, self.clips.dataset
        embeds = [graph_of(encoder, input_view.modality) for encoder in encoders]
        training = np.unique(np.concatenate([fold.train for fold in self.folds]))
        testing = np.unique(np.concatenate([fold.test for fold in self.folds]))
        train: list[_Rows] = []
        if self.request.protocol in OF_WINDOWS:
            testing = np.union1d(training, testing)
        else:
            clips = self.clips.table.take(training)
            count = len(training) * input_view.view.epochs
            into = [self._open(encoder, "train", clips, count) for encoder in encoders]
            with track(count, "embed training samples", done=min(each.done for each in into)) as advance:
                arrays = augmented_features(embeds, dataset, clips, input_view, seed, advance, into)
            train = [_Rows(array, training, axis=1) for array in arrays]
        clips = self.clips.table.take(testing)
        into = [self._open(encoder, "test", clips, len(testing)) for encoder in encoders]
        with track(len(testing), "embed test clips", done=min(each.done for each in into)) as advance:
            arrays = window_features(embeds, dataset, clips, input_view, advance, into)
        test = [_Rows(array, testing, axis=0) for array in arrays]
        return list(zip(train or test, test, strict=True))

    def _open(self, encoder: EncoderLike, kind: Literal["train", "test"], clips: pa.Table, count: int) -> Features:
        view = dataclasses.asdict(self.request.input_view.view)
        about: dict[str, Any] = {
            "kind": kind,
            "view": {name: value for name, value in view.items() if name not in UNUSED[kind]},
            "seed": self.request.seed if kind == "train" else None,
        }
        if isinstance(encoder, Encoder):
            about |= what_is_shown(encoder, self.clips, self.request)
        return self.folder.open(about, clips["clip_id"].to_pylist(), count)

    def _svm_c(self, train: "_Rows", test: "_Rows") -> tuple[float, Regularisation | None]:
        if self.request.protocol != "linear" or not self.request.svm_c_grid:
            return self.request.input_view.view.svm_c, None
        chosen = choose_svm_c(self.request.svm_c_grid, self.folds, self.clips, train.of, test.of)
        return chosen.chosen, chosen

    def _answers(self, fold: Fold, train: "_Rows", test: "_Rows", svm_c: float, advance: Advance) -> Answers:
        protocol, classes, labels = self.request.protocol, self.clips.classes, self.clips.labels
        if protocol == "retrieval":
            advance(1)
            return self._retrieved(fold, test)
        known, known_labels, asked = train.of(fold.train), labels[fold.train], test.of(fold.test)
        if protocol in ("linear-lars", "mlp"):
            decisions = head_decisions(
                known,
                known_labels,
                asked,
                classes,
                hidden=protocol == "mlp",
                config=self.request.head,
                seed=self.request.seed,
                advance=advance,
            )
        else:
            if protocol == "knn":
                decisions = knn_decisions(known, known_labels, asked, self.request.neighbours, classes)
            else:
                (decisions,) = linear_decisions(known, known_labels, asked, [svm_c], classes)
            advance(1)
        return by_video(decisions, labels[fold.test], self.clips.videos[fold.test], fold.test)

    def _retrieved(self, fold: Fold, windows: "_Rows") -> Answers:
        gallery, queries = (
            by_video(windows.of(rows).mean(axis=1), self.clips.labels[rows], self.clips.videos[rows], rows)
            for rows in (fold.train, fold.test)
        )
        found = retrieved(gallery.decisions, gallery.labels, queries.decisions, queries.labels)
        return Answers(found, queries.labels, queries.clips)


def what_is_shown(encoder: Encoder, clips: LabelledClips, request: Request) -> dict[str, Any]:
    """What features follow from besides the view: encoder, dataset and front end, as JSON values."""
    audio = request.input_view.audio
    return {
        "encoder": encoder.weights_sha256() if encoder.variables else str(encoder.path),
        "network": encoder.card.network,
        "dataset": clips.dataset.fingerprint,
        "modality": request.input_view.modality,
        "audio": None if audio is None else dataclasses.asdict(audio),
    }


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Features of some of the clips, by the clips' rows."""

    features: np.ndarray
    rows: np.ndarray
    axis: int

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The features of clips."""
        return np.asarray(np.take(self.features, np.searchsorted(self.rows, rows), axis=self.axis))
