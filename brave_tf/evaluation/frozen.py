"""Answers from frozen features: computed once, kept, and given to one classifier after the other."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from brave_tf.config.values import to_dict
from brave_tf.encoders.encoder import Encoder
from brave_tf.evaluation import scores
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import FeatureFolder, Features
from brave_tf.evaluation.features import augmented_features, graph_of, window_features
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.protocol import EncoderLike, FrozenProtocol, Results
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.scores import Answers
from brave_tf.modalities import MODALITIES
from brave_tf.progress import track

UNUSED = {"train": {"svm_c", "windows", "crops", "crop_places"}, "test": {"svm_c", "epochs"}}
"""Settings of the view that do not change the features of training samples and of test windows."""


@dataclasses.dataclass(frozen=True)
class _Rows:
    """Features of some of the clips, by the clips' rows."""

    features: np.ndarray
    rows: np.ndarray
    axis: int

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The features of clips."""
        return np.asarray(np.take(self.features, np.searchsorted(self.rows, rows), axis=self.axis))


@dataclasses.dataclass(frozen=True)
class EncoderFeatures:
    """The frozen features of one encoder.

    Attributes:
        clips: the labelled clips.
        folds: what to train and to test on.
    """

    clips: LabelledClips
    folds: Sequence[Fold]
    _train: _Rows
    _test: _Rows

    def train(self, rows: np.ndarray) -> np.ndarray:
        """[E, rows, D] augmented samples of training clips; [rows, V, D] windows if the protocol does not augment."""
        return self._train.of(rows)

    def test(self, rows: np.ndarray) -> np.ndarray:
        """[rows, V, D] windows of test clips."""
        return self._test.of(rows)

    def by_video(self, decisions: np.ndarray, rows: np.ndarray) -> Answers:
        """Decisions [rows, ...] on clips, averaged over the clips of each video."""
        return scores.by_video(decisions, self.clips.labels[rows], self.clips.videos[rows], rows)


def frozen_results(
    protocol: FrozenProtocol,
    encoders: Sequence[EncoderLike],
    clips: LabelledClips,
    folds: Sequence[Fold],
    request: Request,
    cache: Path | None,
) -> Results:
    """What classifiers on the features of each encoder answer; see `EvaluationProtocol.results`."""
    began = time.monotonic()
    features = _FeatureMaker(clips, folds, request, FeatureFolder(cache)).features(encoders, protocol.augments)
    embedded = time.monotonic()
    with track(len(encoders) * len(folds) * protocol.units, "train classifiers") as advance:
        answered = [protocol.encoder_answers(each, request, advance) for each in features]
    seconds = {"features": embedded - began, "classifiers": time.monotonic() - embedded}
    return Results([answers for answers, _ in answered], answered[0][1], seconds)


@dataclasses.dataclass(frozen=True)
class _FeatureMaker:
    clips: LabelledClips
    folds: Sequence[Fold]
    request: Request
    folder: FeatureFolder

    def features(self, encoders: Sequence[EncoderLike], augments: bool) -> list[EncoderFeatures]:
        """Of every encoder the features of training and of test clips."""
        input_view, seed, dataset = self.request.input_view, self.request.seed, self.clips.dataset
        embeds = [graph_of(encoder, input_view.modality) for encoder in encoders]
        training = np.unique(np.concatenate([fold.train for fold in self.folds]))
        testing = np.unique(np.concatenate([fold.test for fold in self.folds]))
        train: list[_Rows] = []
        if augments:
            clips = self.clips.table.take(training)
            count = len(training) * input_view.view.epochs
            into = [self._open(encoder, "train", clips, count) for encoder in encoders]
            with track(count, "embed training samples", done=min(each.done for each in into)) as advance:
                arrays = augmented_features(embeds, dataset, clips, input_view, seed, advance, into)
            train = [_Rows(array, training, axis=1) for array in arrays]
        else:
            testing = np.union1d(training, testing)
        clips = self.clips.table.take(testing)
        into = [self._open(encoder, "test", clips, len(testing)) for encoder in encoders]
        with track(len(testing), "embed test clips", done=min(each.done for each in into)) as advance:
            arrays = window_features(embeds, dataset, clips, input_view, advance, into)
        test = [_Rows(array, testing, axis=0) for array in arrays]
        return [EncoderFeatures(self.clips, self.folds, *rows) for rows in zip(train or test, test, strict=True)]

    def _open(self, encoder: EncoderLike, kind: Literal["train", "test"], clips: pa.Table, count: int) -> Features:
        view = dataclasses.asdict(self.request.input_view.view)
        about: dict[str, Any] = {
            "kind": kind,
            "view": {name: value for name, value in view.items() if name not in UNUSED[kind]},
            "seed": self.request.seed if kind == "train" else None,
        }
        if kind == "train":
            about["augment"] = augmentation_of(self.request)
        if isinstance(encoder, Encoder):
            about |= origin_of(encoder, self.clips, self.request)
        return self.folder.open(about, clips["clip_id"].to_pylist(), count)


def augmentation_of(request: Request) -> dict[str, Any] | None:
    """How training samples are augmented, as JSON values; None for sound, which is not."""
    input_view = request.input_view
    return None if MODALITIES[input_view.modality].is_sound else to_dict(input_view.video.augment)


def origin_of(encoder: Encoder, clips: LabelledClips, request: Request) -> dict[str, Any]:
    """What features follow from besides the view: encoder, dataset and front end, as JSON values."""
    audio = request.input_view.audio
    return {
        "encoder": encoder.weights_sha256() if encoder.variables else str(encoder.path),
        "network": encoder.card.network,
        "dataset": clips.dataset.fingerprint,
        "modality": request.input_view.modality,
        "audio": None if audio is None else to_dict(audio),
    }
