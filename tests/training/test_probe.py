"""The kNN probe, the meters and what they write while a run goes on."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.commands import prepare
from brave_tf.config.values import override
from brave_tf.data.dataset import CLIPS_PER_SOURCE
from brave_tf.data.open import open_dataset
from brave_tf.evaluation.feature_rank import rank_me
from brave_tf.training.meters import Meter
from brave_tf.training.probe import KNNProbe, ProbeClips
from tests.preparation.media_files import write_media


def make_dataset(folder, split, count=8):
    for number in range(count):
        write_media(folder / "videos" / "ab"[number % 2] / f"{number}.mp4", seconds=0.6, sound_hz=None)
    return prepare(folder / "videos", folder / "dataset", workers=1, split=split).path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("labelled"), "train=0.5,test=0.5")


def test_training_clips_are_the_neighbours_of_the_others(dataset):
    found = ProbeClips.choose([dataset], most=100)
    assert found.clips["split"].to_pylist() == ["train" if known else "test" for known in found.known]
    names = open_dataset(dataset).labels["label"]
    assert [names[label] for label in found.labels] == found.clips["label/label"].to_pylist()
    assert found.chance == 0.5


def test_no_more_clips_than_asked_for(dataset):
    found = ProbeClips.choose([dataset], most=4)
    assert found.known.sum() == 2 and (~found.known).sum() == 2
    assert set(found.labels[found.known]) == {0, 1}


def test_a_training_split_alone_is_divided_by_video(tmp_path):
    found = ProbeClips.choose([make_dataset(tmp_path, "train=1")], most=100)
    videos = found.clips["clip_id"].to_numpy() // CLIPS_PER_SOURCE
    assert not set(videos[found.known]) & set(videos[~found.known])
    assert found.known.sum() == 4


def test_without_labels_there_is_no_probe(tmp_path):
    for number in range(3):
        write_media(tmp_path / "videos" / f"{number}.mp4", seconds=0.6, sound_hz=None)
    path = prepare(tmp_path / "videos", tmp_path / "dataset", workers=1).path
    assert ProbeClips.choose([path], most=100) is None


@pytest.fixture(scope="module")
def two_columns(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    rows = ["path,split,color,verb"]
    for number in range(8):
        write_media(folder / f"{number}.mp4", seconds=0.6, sound_hz=None)
        rows.append(f"{number}.mp4,{'train' if number < 4 else 'test'},{'red' if number % 2 else 'blue'},run")
    (folder / "list.csv").write_text("\n".join(rows))
    return prepare(folder / "list.csv", folder / "dataset", workers=1).path


def test_a_label_column_is_chosen_by_its_name(two_columns):
    found = ProbeClips.choose([two_columns], most=100, label="color")
    names = open_dataset(two_columns).labels["color"]
    assert [names[label] for label in found.labels] == found.clips["label/color"].to_pylist()


def test_several_label_columns_and_none_chosen_leave_a_run_without_a_probe(two_columns, capfd):
    assert ProbeClips.choose([two_columns], most=100) is None
    (line,) = capfd.readouterr().err.splitlines()
    assert "no kNN probe" in line and "color, verb" in line and "--set monitor.probe_label=NAME" in line


def test_a_column_that_is_not_there_leaves_a_run_without_a_probe(two_columns, dataset, capfd):
    assert ProbeClips.choose([two_columns], most=100, label="colour") is None
    assert "received monitor.probe_label=colour" in capfd.readouterr().err
    # Another dataset of the run may have it.
    assert ProbeClips.choose([two_columns, dataset], most=100, label="label").dataset.path == dataset


def test_the_probe_scores_the_encoder_at_its_steps(dataset):
    found = ProbeClips.choose([dataset], most=100)
    classes = tf.constant(found.labels, tf.float32)

    class Tell(keras.layers.Layer):
        """Embeds the clips, which come at once and in the order of the table, by their classes."""

        def call(self, video, training=False):
            assert not training and video.shape[1:] == (8, 32, 32, 3) and video.shape[0] >= len(classes)
            embeddings = tf.stack([classes, tf.ones_like(classes)], axis=1)
            return tf.pad(embeddings, [[0, video.shape[0] - len(classes)], [0, 0]])

    config = override(presets.get("tiny-v"), ["evaluation.size=32", "evaluation.shorter_side=32"])
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.encoder = Tell()
    lines = []
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: lines.append(dict(logs)))
    callbacks = [KNNProbe(found, config, every=2), keep]
    model.fit(np.zeros([4, 1]), np.zeros([4, 1]), batch_size=1, verbose=0, callbacks=callbacks)
    assert ["knn_top1" in line for line in lines] == [False, True, False, True]
    assert lines[1]["knn_top1"] == 1.0 and lines[1]["knn_chance"] == 0.5
    embeddings = np.stack([found.labels, np.ones(len(found.labels))], axis=1)
    assert lines[1]["features_rank"] == pytest.approx(rank_me(embeddings)) and lines[1]["features_rank"] > 1.5


def test_the_meter_tells_speed_waiting_and_memory_since_its_last_reading():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.25), loss="mse")

    class Function:
        wait_seconds = 0.0

    model.train_function = Function()
    meter = Meter(model, batch_size=10)
    meter.count()
    meter.count()
    meter._throughput._began -= 4.0
    model.train_function.wait_seconds = 1.0
    found = meter.read()
    assert found["learning_rate"] == 0.25
    assert found["clips_per_second"] == pytest.approx(5.0, rel=0.05)
    assert found["input_wait_share"] == pytest.approx(0.25, rel=0.05)
    assert 0.1 < found["memory_gib"] < 100
    assert meter.read()["clips_per_second"] == 0.0
