"""Features: in full batches, whatever clips they are of, on one device or two."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf.commands import evaluate, prepare
from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.data.pipeline import augmented_samples, clip_windows
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import Encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.clips import LabelledClips
from brave_tf.evaluation.feature_files import InMemory
from brave_tf.evaluation.features import BATCH_CLIPS, Embedder, augmented_features, window_features
from brave_tf.evaluation.fine_tuning import FineTuning
from brave_tf.evaluation.protocol import make_protocol
from tests.preparation.media_files import write_media

VIEW = EvaluationConfig(frames=2, step=2, size=8, shorter_side=10, epochs=3, windows=4, crops=2)
INPUT_VIEW = EvaluationInput(view=VIEW)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Eight videos of two classes; the fourth is shorter than a window."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(8):
        seconds = 0.1 if number == 3 else 0.6
        write_media(folder / "ab"[number % 2] / f"{number}.mp4", seconds=seconds, sound_hz=None)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1)


def corners(clips, training=False):
    """What tells windows apart: the four corners of every frame."""
    return tf.reshape(clips[:, :, :: VIEW.size - 1, :: VIEW.size - 1, :], [tf.shape(clips)[0], -1])


class Recorded:
    """An encoder that records the shape of what it is traced with."""

    def __init__(self, scale=1.0):
        self.shapes, self._scale = [], scale

    def __call__(self, clips, training=False):
        self.shapes.append(clips.shape)
        return self._scale * corners(clips)


def silent(done=1, note=""):
    """The progress of a test."""


def expected_windows(dataset, clips):
    found = []
    for windows, places in clip_windows(dataset, clips, INPUT_VIEW):
        assert windows.shape[0] in (2, 8)
        found.append(corners(tf.gather(tf.cast(windows, tf.float32) / 255, places)).numpy())
    return np.stack(found)


def test_windows_of_several_clips_fill_batches_of_one_shape(dataset):
    encoder, clips, finished = Recorded(), dataset.clips(), []
    (features,) = window_features(
        [Embedder(encoder)], dataset, clips, INPUT_VIEW, lambda done=1, note="": finished.append(done)
    )
    assert encoder.shapes == [(BATCH_CLIPS, 2, 8, 8, 3)]
    np.testing.assert_allclose(features, expected_windows(dataset, clips), rtol=1e-6)
    assert sum(finished) == len(features) == 8 and len(finished) < 8


def test_each_encoder_gets_what_it_lacks_of_what_is_decoded_once(dataset):
    clips = dataset.clips()
    one, two = Embedder(Recorded()), Embedder(Recorded(2.0))
    whole = window_features([one], dataset, clips, INPUT_VIEW, silent)[0]
    into = [InMemory(whole[:5]), InMemory(2 * whole[:2])]
    first, second = window_features([one, two], dataset, clips, INPUT_VIEW, silent, into)
    np.testing.assert_array_equal(first, whole)
    np.testing.assert_array_equal(second, 2 * whole)


def test_samples_fill_batches_too(dataset):
    encoder, clips = Recorded(), dataset.clips()
    (features,) = augmented_features([Embedder(encoder)], dataset, clips, INPUT_VIEW, 1, silent)
    assert features.shape == (3, 8, 24) and encoder.shapes == [(BATCH_CLIPS, 2, 8, 8, 3)]
    samples = np.stack(list(augmented_samples(dataset, clips, INPUT_VIEW, 1)))
    np.testing.assert_array_equal(features.reshape(24, -1), corners(samples))
    into = [InMemory(features.reshape(24, -1)[:19])]
    (again,) = augmented_features([Embedder(encoder)], dataset, clips, INPUT_VIEW, 1, silent, into)
    np.testing.assert_array_equal(again, features)


def small_encoder():
    """A network with batch norm, which a batch that is divided among replicas must not change."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2, 8, 8, 3))
    outputs = keras.layers.Conv3D(4, (1, 3, 3))(inputs)
    outputs = keras.layers.ReLU()(keras.layers.BatchNormalization()(outputs))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling3D()(outputs))
    return Encoder(model, EncoderCard(view=VIEW), "small", model.variables, model.trainable_variables)


def test_two_devices_give_the_features_of_one(dataset, two_replicas):
    clips = dataset.clips()

    def features(strategy):
        with strategy.scope():
            embed = [Embedder(small_encoder(), strategy=strategy)]
            return [
                window_features(embed, dataset, clips, INPUT_VIEW, silent)[0],
                augmented_features(embed, dataset, clips, INPUT_VIEW, 1, silent)[0],
            ]

    one, two = features(tf.distribute.get_strategy()), features(two_replicas)
    assert np.ptp(one[0]) > 0
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.thorough
def test_two_devices_fine_tune_like_one(dataset, two_replicas):
    clips = LabelledClips.of(dataset, "label")

    def decisions(strategy, **settings):
        protocol = make_protocol("finetune", {"epochs": 4, "batch_size": 8, "learning_rate": 0.1, **settings})
        test = clips.table.slice(0, 4)
        task = FineTuning(dataset, clips.table, clips.labels, test, clips.classes, INPUT_VIEW, protocol, 0)
        with strategy.scope():
            return task.decisions(small_encoder(), None, silent)

    one = decisions(tf.distribute.get_strategy())
    np.testing.assert_allclose(decisions(two_replicas), one, atol=1e-5)
    # Dropout matters here, so that other dropped units would be seen.
    assert np.abs(decisions(tf.distribute.get_strategy(), dropout=0.0) - one).max() > 1e-3
    with pytest.raises(UserError, match=r"batches of 7 clips for 2 replicas; .* such as --classifier.batch-size 6"):
        decisions(two_replicas, batch_size=7)


def test_an_encoder_on_one_device_is_not_shared_out(dataset, tmp_path, two_replicas):
    with pytest.raises(UserError, match="received an encoder on one device for 2 replicas; expected one that was load"):
        evaluate(small_encoder(), dataset.path, tmp_path / "out", strategy=two_replicas)
    # What a strategy's name takes has no bearing on where its variables are.
    assert evaluate(small_encoder(), dataset.path, tmp_path / "out", protocol="knn")["mean"] >= 0
    with pytest.raises(UserError, match="received --strategy multiworker; an evaluation runs on one machine: expected"):
        evaluate("random:tiny-va", dataset.path, tmp_path / "out", strategy="multiworker")
