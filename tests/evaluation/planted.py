"""Labelled clips and their features, planted: no media, no network."""

import types
from pathlib import Path

import numpy as np
import pyarrow as pa

from brave_tf.data.dataset import CLIPS_PER_SOURCE
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import InMemory
from brave_tf.evaluation.folds import Fold
from brave_tf.evaluation.frozen import EncoderFeatures, _Kept

SIZE = 6


def labelled(labels: np.ndarray, clips_per_video: int = 1) -> LabelledClips:
    """Clips with labels [N], or [N, classes]; so many in a row are of one video."""
    videos = np.arange(len(labels)) // clips_per_video
    names = [chr(ord("a") + index) for index in range(labels.shape[1] if labels.ndim > 1 else labels.max() + 1)]
    table = pa.table(
        {
            "clip_id": videos * CLIPS_PER_SOURCE + np.arange(len(labels)) % clips_per_video,
            "source": [f"{video}.mp4" for video in videos],
        }
    )
    dataset = types.SimpleNamespace(
        labels={"label": names},
        multilabel=["label"] if labels.ndim > 1 else [],
        official_folds=[],
        path=Path("planted"),
    )
    return LabelledClips(dataset, "label", table, labels, {})


def two_folds(count: int) -> list[Fold]:
    """The even rows train and the odd ones test, and the other way round."""
    even, odd = np.arange(0, count, 2), np.arange(1, count, 2)
    return [Fold("1", even, odd), Fold("2", odd, even)]


def features_of(clips: LabelledClips, folds: list[Fold], noise: float = 1.0, windows: int = 2) -> EncoderFeatures:
    """Around a centre for each class: [windows, N, D] to train on, [N, windows, D] to test."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(clips.classes, SIZE))
    count = len(clips.labels)
    values = centres[clips.labels] + noise * generator.normal(size=(windows, count, SIZE))
    rows, nobody = np.arange(count), np.zeros(0, int)
    samples = InMemory(values.reshape(-1, SIZE).astype(np.float32))
    tested = InMemory(np.swapaxes(values, 0, 1).astype(np.float32))
    return EncoderFeatures(clips, folds, nobody, _Kept(samples, rows, nobody, windows), _Kept(tested, rows, nobody))
