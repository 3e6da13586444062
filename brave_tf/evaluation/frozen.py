"""Answers from frozen features: computed once, kept, and given to one classifier after the other."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import tensorflow as tf

from brave_tf.config.values import to_dict
from brave_tf.encoders.encoder import Encoder
from brave_tf.evaluation import scores
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.dense_maps import DenseMaps, check_room
from brave_tf.evaluation.feature_files import FeatureFolder, Features, FeatureSource, are_damaged
from brave_tf.evaluation.feature_rows import FeatureRows, JoinedFeatures
from brave_tf.evaluation.features import Embedder, augmented_features, window_features
from brave_tf.evaluation.folds import Fold, check_classes
from brave_tf.evaluation.protocol import EncoderLike, FrozenProtocol, Results
from brave_tf.evaluation.request import Request
from brave_tf.evaluation.scores import Answers
from brave_tf.modalities import MODALITIES
from brave_tf.progress import track

UNUSED = {"train": {"svm_c", "windows", "crops", "crop_places", "color"}, "test": {"svm_c", "epochs", "color"}}
"""Settings of the view that do not change the features of training samples and of test windows, or stand elsewhere."""
FIRST_BATCH = "preparing the first batch"


@dataclasses.dataclass(frozen=True)
class _Kept:
    """Features of some of the clips, and where among them those of a clip are.

    Attributes:
        source: an item for each clip of `rows`, or for each of them in every of E passes, pass by pass.
        rows: the clips' rows.
        damaged: those of `rows` whose clips could not be used, at least in one pass.
        passes: E; None where an item is all windows of a clip.
    """

    source: FeatureSource
    rows: np.ndarray
    damaged: np.ndarray
    passes: int | None = None

    def of(self, rows: np.ndarray) -> FeatureRows:
        """The features of clips."""
        place = np.zeros(int(self.rows.max()) + 1, np.int64)
        place[self.rows] = np.arange(len(self.rows))
        numbers = place[rows]
        if self.passes is not None:
            numbers = np.arange(self.passes)[:, None] * len(self.rows) + numbers
        return FeatureRows(self.source, numbers)


@dataclasses.dataclass(frozen=True)
class EncoderFeatures:
    """The frozen features of one encoder; they are read from where they are kept when they are needed.

    Attributes:
        clips: the labelled clips.
        folds: what to train and to test on, less the damaged clips.
        damaged: rows of the clips that could not be used.
        channels: D of each place, if the features are dense maps.
    """

    clips: LabelledClips
    folds: Sequence[Fold]
    damaged: np.ndarray
    _train: _Kept
    _test: _Kept
    channels: int | None = None

    def train(self, rows: np.ndarray) -> FeatureRows:
        """[E, rows, D] augmented samples of training clips; [rows, V, D] windows if the protocol does not augment."""
        return self._train.of(rows)

    def test(self, rows: np.ndarray) -> FeatureRows:
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
    maker = _FeatureMaker(clips, folds, request, FeatureFolder(cache), protocol.map_places)
    features = maker.features(encoders, protocol.augments)
    embedded = time.monotonic()
    with track(len(encoders) * len(folds) * protocol.units, "train classifiers") as advance:
        answered = [protocol.encoder_answers(each, request, advance) for each in features]
    seconds = {"features": embedded - began, "classifiers": time.monotonic() - embedded}
    return Results([answers for answers, _ in answered], answered[0][1], seconds, features[0].damaged.tolist())


@dataclasses.dataclass(frozen=True)
class _FeatureMaker:
    clips: LabelledClips
    folds: Sequence[Fold]
    request: Request
    folder: FeatureFolder
    map_places: int | None

    def features(self, encoders: Sequence[EncoderLike], augments: bool) -> list[EncoderFeatures]:
        """Of every encoder the features of training and of test clips."""
        strategy = tf.distribute.get_strategy()
        shown, maps = self.request.input_view, []
        if self.map_places is not None:
            maps = [DenseMaps(encoder, self.map_places) for encoder in encoders]
            check_room(maps, shown, len(self.clips.labels), self.folder.path)
        embeds = [Embedder(each, shown.modality, strategy, is_gray=shown.is_gray) for each in maps or encoders]
        training = np.unique(np.concatenate([fold.train for fold in self.folds]))
        testing = np.unique(np.concatenate([fold.test for fold in self.folds]))
        if augments:
            train = self._samples(encoders, embeds, training)
            test = self._windows(encoders, embeds, testing, "embed test clips")
        else:
            # Apart from the test clips, whose features serve the protocols that augment, too.
            others = np.setdiff1d(training, testing)
            test = self._windows(encoders, embeds, testing, "embed test clips")
            if len(others):
                more = self._windows(encoders, embeds, others, "embed training clips")
                rows = np.concatenate([testing, others])
                both = zip(test, more, strict=True)
                test = [
                    _Kept(
                        JoinedFeatures([first.source, second.source]),
                        rows,
                        np.union1d(first.damaged, second.damaged),
                    )
                    for first, second in both
                ]
            train = test
        damaged = np.unique(np.concatenate([kept.damaged for kept in [*train, *test]]))
        folds = [fold.without(damaged) for fold in self.folds]
        check_classes(folds, self.clips)
        channels: list[int | None] = [each.channels for each in maps] if maps else [None for _ in encoders]
        kept = zip(train, test, channels, strict=True)
        return [EncoderFeatures(self.clips, folds, damaged, *each) for each in kept]

    def _samples(self, encoders: Sequence[EncoderLike], embeds: Sequence[Embedder], rows: np.ndarray) -> list[_Kept]:
        clips, passes = self.clips.table.take(rows), self.request.input_view.view.epochs
        count = len(rows) * passes
        into = [self._open(encoder, "train", clips, count) for encoder in encoders]
        done = min(each.done for each in into)
        with track(count, "embed training samples", done=done, start_up=FIRST_BATCH) as advance:
            augmented_features(
                embeds, self.clips.dataset, clips, self.request.input_view, self.request.seed, advance, into
            )
        return [_Kept(each, rows, rows[are_damaged(each).reshape(passes, -1).any(axis=0)], passes) for each in into]

    def _windows(
        self, encoders: Sequence[EncoderLike], embeds: Sequence[Embedder], rows: np.ndarray, words: str
    ) -> list[_Kept]:
        clips = self.clips.table.take(rows)
        into = [self._open(encoder, "test", clips, len(rows)) for encoder in encoders]
        with track(len(rows), words, done=min(each.done for each in into), start_up=FIRST_BATCH) as advance:
            window_features(embeds, self.clips.dataset, clips, self.request.input_view, advance, into)
        return [_Kept(each, rows, rows[are_damaged(each)]) for each in into]

    def _open(self, encoder: EncoderLike, kind: Literal["train", "test"], clips: pa.Table, count: int) -> Features:
        view = dataclasses.asdict(self.request.input_view.view)
        about: dict[str, Any] = {
            "kind": kind,
            "view": {name: value for name, value in view.items() if name not in UNUSED[kind]},
            "seed": self.request.seed if kind == "train" else None,
        }
        if kind == "train":
            about["augment"] = augmentation_of(self.request)
        if self.map_places is not None:
            about["map_places"] = self.map_places
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
        **({"color": "gray"} if request.input_view.is_gray else {}),
    }
