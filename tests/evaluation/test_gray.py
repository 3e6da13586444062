"""Encoders that were trained on grey views are shown grey clips, wherever they are shown any."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.commands import evaluate, prepare
from brave_tf.config import AugmentConfig, EvaluationConfig, EvaluationInput
from brave_tf.data.augment.grayscale import gray_frames, grayscale
from brave_tf.embedding.table import read_table
from brave_tf.encoders.card import EncoderCard
from brave_tf.evaluation.features import Embedder
from brave_tf.export.signature import reusable_object
from brave_tf.training.probe import KNNProbe
from tests.preparation.media_files import write_media

VIEW = EvaluationConfig(frames=2, step=2, size=8, shorter_side=10, epochs=1, windows=1, crops=1)
GRAY = AugmentConfig(grayscale=1.0)
PIXELS = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8, 3), np.uint8)


def colorfulness(clips, training=False):
    """[B, 1] how far the channels are apart: 0 of what is grey."""
    return tf.reduce_mean(tf.math.reduce_std(clips, axis=-1), axis=(1, 2, 3))[:, None]


def encoder(augment, color="as-trained"):
    card = EncoderCard(view=dataclasses.replace(VIEW, color=color), augment=augment)
    return brave_tf.as_encoder(tf.function(colorfulness), card, name=f"colorfulness-{augment is GRAY}")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Four colourful videos of two classes."""
    folder = tmp_path_factory.mktemp("colorful")
    for number in range(4):
        write_media(folder / "ab"[number % 2] / f"{number}.mp4", seconds=0.4, sound_hz=None, noise_seed=number)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1)


@pytest.mark.parametrize(
    ("augment", "color", "expected"),
    [
        (GRAY, "as-trained", True),
        (GRAY, "rgb", False),
        (AugmentConfig(), "as-trained", False),
        (AugmentConfig(), "gray", True),
        (None, "as-trained", False),
        (None, "gray", True),
    ],
)
def test_what_is_grey_follows_from_training_and_can_be_changed(augment, color, expected):
    shown = EvaluationInput(view=dataclasses.replace(VIEW, color=color), augment=augment)
    assert shown.is_gray == expected
    # Training samples are as test clips are.
    assert (shown.video.augment.grayscale == 1) == expected
    assert not dataclasses.replace(shown, modality="flow").is_gray


def test_grey_test_clips_are_as_grey_training_views():
    frames = tf.constant(PIXELS, tf.float32) / 255
    as_trained = tf.transpose(grayscale(tf.transpose(frames, [0, 4, 1, 2, 3])), [0, 2, 3, 4, 1])
    np.testing.assert_array_equal(gray_frames(frames), as_trained)
    assert Embedder(colorfulness, is_gray=True)(tf.constant(PIXELS)).numpy().max() < 1e-6
    assert Embedder(colorfulness)(tf.constant(PIXELS)).numpy().min() > 0.1


@pytest.mark.parametrize(("augment", "is_gray"), [(GRAY, True), (AugmentConfig(), False)])
def test_evaluation_and_embeddings_are_grey_alike(dataset, tmp_path, augment, is_gray):
    for protocol in ("linear", "knn"):
        evaluate(encoder(augment), dataset.path, tmp_path / "out", protocol=protocol, folds="2")
    kept = [np.load(file) for file in sorted((tmp_path / "features").glob("*/features.npy"))]
    brave_tf.embed(encoder(augment), data=dataset.path, out=tmp_path / "table.parquet", workers=0)
    kept.append(np.array(read_table(tmp_path / "table.parquet")[1]["embedding"].to_pylist()))
    assert len(kept) == 3
    assert [bool(each.max() < 1e-6) for each in kept] == 3 * [is_gray]


def test_kept_features_of_the_other_colours_are_not_taken(dataset, tmp_path):
    def run(**view):
        report = evaluate(encoder(None), dataset.path, tmp_path / "out", protocol="knn", folds="2", view=view)
        return report["settings"]["input_view"]["view"]["color"], len(list((tmp_path / "features").iterdir()))

    assert run() == ("as-trained", 1)
    assert run(color="rgb") == ("rgb", 1)
    assert run(color="gray") == ("gray", 2)


def test_an_export_and_the_probe_of_a_training_are_grey_too():
    experiment = brave_tf.presets.get("tiny-v")
    for augment, is_gray in ((GRAY, True), (AugmentConfig(), False)):
        _, signatures = reusable_object(encoder(augment))
        found = signatures["video_uint8"](tf.constant(PIXELS))["embedding"].numpy()
        assert bool(found.max() < 1e-6) == is_gray
        config = dataclasses.replace(experiment, narrow=dataclasses.replace(experiment.narrow, augment=augment))
        assert KNNProbe(None, config, 1)._input_view.is_gray == is_gray
