"""Gathers what the demo's page shows from its dataset and runs."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from sklearn.preprocessing import normalize

from brave_tf.config import Config, EvaluationInput
from brave_tf.data import records, sampling
from brave_tf.data.dataset import Dataset
from brave_tf.data.open import open_dataset
from brave_tf.data.pipeline import clip_windows
from brave_tf.data.read import RecordTable
from brave_tf.data.views import training_views
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.evaluation.features import Embedder
from brave_tf.pages.demo_content import DemoContent, MotionViews, Neighbour, Neighbours, RunCurves, Score
from brave_tf.runs.metrics import read_metrics

SHOWN_NEIGHBOURS = 4
COMMANDS = (
    ("turn your videos into a dataset", "brave-tf prepare my-videos --out dataset"),
    ("train an encoder on them", "brave-tf pretrain tiny-va --data dataset --run runs/first"),
    ("score it, if they have labels", "brave-tf evaluate runs/first --data dataset --out report"),
    ("export it", "brave-tf export runs/first --out exported"),
)


def gather(
    dataset_path: Path,
    configs: Mapping[str, Config],
    runs: Mapping[str, Path],
    scores: Mapping[str, Any],
    seconds: Mapping[str, float],
) -> DemoContent:
    """What the page shows.

    Args:
        dataset_path: the demo's world, prepared.
        configs: the experiments, by name; the first is on sound, the second on pictures alone.
        runs: their directories.
        scores: the reports of their evaluations, by protocol.
        seconds: how long each step took; gathering is one more.
    """
    began = time.monotonic()
    dataset = open_dataset(dataset_path)
    sound, pictures = configs.values()
    assert sound.broad.audio is not None and pictures.broad.rgb is not None
    train, test = dataset.clips("train"), dataset.clips("test")
    neighbours, alike = _neighbours(load_encoder(next(iter(runs.values()))), dataset, train, test, sound)
    return DemoContent(
        views=_views(dataset, train, sound, pictures),
        curves=[_curves(name, run) for name, run in runs.items()],
        neighbours=neighbours,
        neighbours_alike=alike,
        scores=[_score(name, scores[name]) for name in runs],
        timings=[*seconds.items(), ("gather this page", round(time.monotonic() - began, 1))],
        commands=COMMANDS,
        clips=(train.num_rows, test.num_rows),
        narrow_seconds=sound.narrow.seconds,
        broad_seconds=pictures.broad.rgb.seconds,
        sound_seconds=sound.broad.audio.seconds,
        export_verified=True,
    )


def _views(dataset: Dataset, clips: pa.Table, sound: Config, pictures: Config) -> list[MotionViews]:
    reader = RecordTable.of(dataset, clips).reader()
    views = []
    for motion, row in _first_rows(dataset, clips).items():
        record = records.parse(reader(tf.constant(row, tf.int64))[0])
        seed = sampling.example_seed(sound.seed, tf.constant(row, tf.int64))
        heard, seen = (training_views(record, seed, config) for config in (sound, pictures))
        broad = seen["broad"]["rgb"][0].numpy()
        views.append(MotionViews(motion, heard["narrow"].numpy(), heard["broad"]["audio"].numpy(), broad))
    return views


def _first_rows(dataset: Dataset, clips: pa.Table) -> dict[str, int]:
    labels = clips["label/label"].to_pylist()
    return {motion: labels.index(motion) for motion in dataset.labels["label"]}


def _curves(name: str, run: Path) -> RunCurves:
    lines = read_metrics(run).lines
    spreads = [min(value for key, value in line.items() if key.startswith("spread_")) for line in lines]
    return RunCurves(name, [line["step"] for line in lines], [line["loss"] for line in lines], spreads)


def _score(name: str, scores: Mapping[str, Any]) -> Score:
    linear, knn = scores["linear"], scores["knn"]
    return Score(name, linear["mean"], knn["mean"], linear["random_init"], linear["chance"])


def _neighbours(
    encoder: Encoder, dataset: Dataset, train: pa.Table, test: pa.Table, config: Config
) -> tuple[list[Neighbours], float]:
    """The neighbours of one test clip of each motion, and the share of all test clips' neighbours that move alike."""
    (clips, vectors), (query_clips, query_vectors) = (_embedded(encoder, dataset, t, config) for t in (train, test))
    mean = vectors.mean(axis=0)
    known, queries = (normalize(each - mean) for each in (vectors, query_vectors))
    nearest = np.argsort(-queries @ known.T, axis=1)[:, :SHOWN_NEIGHBOURS]
    motions, query_motions = (np.array(table["label/label"].to_pylist()) for table in (train, test))
    rows = [
        Neighbours(
            Neighbour(query_clips[query], motion), [Neighbour(clips[row], motions[row]) for row in nearest[query]]
        )
        for motion, query in _first_rows(dataset, test).items()
    ]
    return rows, float(np.mean(motions[nearest] == query_motions[:, None]))


def _embedded(
    encoder: Encoder, dataset: Dataset, table: pa.Table, config: Config
) -> tuple[list[np.ndarray], np.ndarray]:
    """The middle crop of each clip, uint8, and its embedding."""
    view = dataclasses.replace(config.evaluation, windows=1, crops=1)
    input_view = EvaluationInput(view=view, augment=config.narrow.augment)
    embed = Embedder(encoder, is_gray=input_view.is_gray)
    frames, vectors = [], []
    for batch in clip_windows(dataset, table, input_view).map(lambda windows, places: windows).unbatch().batch(16):
        frames += list(batch.numpy())
        vectors.append(embed(batch).numpy())
    return frames, np.concatenate(vectors)
