"""Gathers what the demo's page shows from its dataset and runs."""

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
from brave_tf.demo.few_labels import FEW
from brave_tf.demo.world import LABELS, MOTIONS
from brave_tf.demo.world_things import THINGS
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.evaluation.features import Embedder
from brave_tf.pages.demo_content import (
    AtLabels,
    DemoContent,
    MotionViews,
    Neighbour,
    Neighbours,
    NeighboursOfRun,
    RunCurves,
    Score,
)
from brave_tf.runs.metrics import read_metrics

SHOWN_NEIGHBOURS = 4
_LEARNED = {"V<->A": "motion", "V<->V": "thing"}
"""What each run is to learn."""
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
    return DemoContent(
        views=_views(dataset, train, sound, pictures),
        curves=[_curves(name, run) for name, run in runs.items()],
        neighbours=[_neighbours(name, runs[name], dataset, configs[name], what) for name, what in _LEARNED.items()],
        scores=[_score(name, what, scores[name][what]) for name in runs for what in LABELS],
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
    for motion, row in _first_rows(clips).items():
        record = records.parse(reader(tf.constant(row, tf.int64))[0])
        seed = sampling.example_seed(sound.seed, tf.constant(row, tf.int64))
        heard, seen = (training_views(record, seed, config) for config in (sound, pictures))
        broad = seen["broad"]["rgb"][0].numpy()
        thing = clips["label/theme"][row].as_py()
        views.append(MotionViews(motion, thing, heard["narrow"].numpy(), heard["broad"]["audio"].numpy(), broad))
    return views


def _first_rows(clips: pa.Table) -> dict[str, int]:
    """A clip of each motion, each with another thing."""
    pairs = list(zip(*(clips[f"label/{label}"].to_pylist() for label in LABELS.values()), strict=True))
    wanted = dict(zip(MOTIONS, THINGS, strict=True))
    # A world of few clips has no clip of every pair.
    rows = {pair: row for row, pair in reversed(list(enumerate(pairs)))}
    motions = [motion for motion, _ in pairs]
    return {motion: rows.get((motion, thing), motions.index(motion)) for motion, thing in wanted.items()}


def _curves(name: str, run: Path) -> RunCurves:
    lines = read_metrics(run).lines
    spreads = [min(value for key, value in line.items() if key.startswith("spread_")) for line in lines]
    prefix = "effective_rank_"
    ranks = {key.removeprefix(prefix): [line[key] for line in lines] for key in lines[-1] if key.startswith(prefix)}
    return RunCurves(name, [line["step"] for line in lines], [line["loss"] for line in lines], spreads, ranks)


def _score(name: str, what: str, scores: Mapping[str, Any]) -> Score:
    linear, knn = scores["linear"], scores["knn"]
    by_labels = {record["fraction"]: _at_labels(record) for record in linear["label_fractions"]}
    return Score(name, what, by_labels[FEW], [*by_labels.values()], knn["mean"], linear["chance"])


def _at_labels(record: Mapping[str, Any]) -> AtLabels:
    low, high = record["interval"]
    return AtLabels(round(record["labels"]), record["mean"], (low, high), record["random_init"])


def _neighbours(name: str, run: Path, dataset: Dataset, config: Config, what: str) -> NeighboursOfRun:
    """The neighbours of one test clip of each class, and the share of all test clips' neighbours of the same class."""
    train, test = dataset.clips("train"), dataset.clips("test")
    encoder = load_encoder(run)
    (clips, vectors), (query_clips, query_vectors) = (_embedded(encoder, dataset, t, config) for t in (train, test))
    mean = vectors.mean(axis=0)
    known, queries = (normalize(each - mean) for each in (vectors, query_vectors))
    nearest = np.argsort(-queries @ known.T, axis=1)[:, :SHOWN_NEIGHBOURS]

    def shown(frames: np.ndarray, table: pa.Table, row: int) -> Neighbour:
        return Neighbour(frames, **{each: table[f"label/{label}"][row].as_py() for each, label in LABELS.items()})

    rows = [
        Neighbours(
            shown(query_clips[query], test, query), [shown(clips[row], train, int(row)) for row in nearest[query]]
        )
        for query in _first_rows(test).values()
    ]
    classes, query_classes = (np.array(table[f"label/{LABELS[what]}"].to_pylist()) for table in (train, test))
    return NeighboursOfRun(name, what, rows, float(np.mean(classes[nearest] == query_classes[:, None])))


def _embedded(
    encoder: Encoder, dataset: Dataset, table: pa.Table, config: Config
) -> tuple[list[np.ndarray], np.ndarray]:
    """The middle window of each clip, uint8, and the mean embedding of all its windows."""
    input_view = EvaluationInput(view=config.evaluation, augment=config.narrow.augment)
    embed = Embedder(encoder, is_gray=input_view.is_gray)
    frames, vectors = [], []
    for clips, _ in clip_windows(dataset, table, input_view).batch(8):
        count = clips.shape[1]
        frames += list(clips[:, count // 2].numpy())
        each = embed(tf.reshape(clips, [-1, *clips.shape[2:]])).numpy()
        vectors.append(each.reshape(len(clips), count, -1).mean(axis=1))
    return frames, np.concatenate(vectors)
