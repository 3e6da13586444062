"""The attentive probe: its formula, what it finds in maps, and which encoders have none."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.commands import evaluate, prepare
from brave_tf.config import EvaluationConfig, EvaluationInput
from brave_tf.encoders.card import EncoderCard
from brave_tf.errors import UserError
from brave_tf.evaluation import attentive_probe, dense_maps, features
from brave_tf.evaluation.attentive_pooling import AttentivePooling, normalised
from brave_tf.evaluation.dense_maps import DenseMaps, averaged_down
from brave_tf.evaluation.feature_files import InMemory
from brave_tf.evaluation.frozen import EncoderFeatures, _Kept
from brave_tf.evaluation.protocol import make_protocol
from brave_tf.evaluation.request import Request
from tests.embedding.encoders import SIZE, audio_encoder, video_encoder
from tests.evaluation.planted import labelled, two_folds
from tests.preparation.media_files import write_media

pytestmark = pytest.mark.usefixtures("one_unit")

GENERATOR = np.random.default_rng(0)


def norm(values, epsilon=1e-5):
    return (values - values.mean(-1, keepdims=True)) / np.sqrt(values.var(-1, keepdims=True) + epsilon)


def gelu(values):
    return np.array([0.5 * value * (1 + tf.math.erf(value / np.sqrt(2)).numpy()) for value in values.ravel()]).reshape(
        values.shape
    )


@pytest.mark.parametrize("windows", [1, 3])
def test_the_block_is_that_of_the_published_probe(windows):
    """Attention with keys and values of every place, one clip and one head at a time."""
    maps = GENERATOR.normal(size=(2, windows, 4, 6)).astype(np.float32)
    layer = AttentivePooling(heads=4, seed=0)
    layer.build(maps.shape)
    for weight in layer.weights:
        weight.assign(GENERATOR.normal(size=weight.shape))
    named = {weight.path.removeprefix(layer.name + "/"): weight.numpy() for weight in layer.weights}
    # Of six channels four heads are no divisor: three are taken.
    heads, size = 3, 2
    for clip, found in zip(maps, layer(normalised(maps)).numpy(), strict=True):
        places = norm(clip) * named["gamma"] + named["beta"]
        if windows > 1:
            places = places + named["window"][:, None]
        places = places.reshape(-1, 6)
        query = named["query"] @ named["query_weights/kernel"] + named["query_weights/bias"]
        keys, values = places @ named["key_kernel"], places @ named["value_kernel"] + named["value_bias"]
        attended = []
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            scores = np.array([query[part] @ key[part] / np.sqrt(size) for key in keys])
            weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
            attended.append(sum(weight * value[part] for weight, value in zip(weights, values, strict=True)))
        pooled = np.concatenate(attended) @ named["projection/kernel"] + named["projection/bias"] + named["query"]
        scaled = norm(pooled) * named["norm_query/gamma"] + named["norm_query/beta"]
        hidden = gelu(scaled @ named["hidden/kernel"] + named["hidden/bias"])
        expected = pooled + hidden @ named["last/kernel"] + named["last/bias"]
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


def planted_maps(labels, windows=2, places=6, channels=8, mark=4.0):
    """[N, V, places * channels] noise, with a mark in a channel of its class at one place of every window."""
    count = len(labels)
    maps = GENERATOR.normal(size=(count, windows, places, channels))
    where = GENERATOR.integers(0, places, (count, windows))
    for clip, window in np.ndindex(count, windows):
        maps[clip, window, where[clip, window], labels[clip]] += mark
    return maps.reshape(count, windows, -1).astype(np.float32)


def of_maps(clips, folds, maps, channels=8):
    rows, nobody = np.arange(len(maps)), np.zeros(0, int)
    kept = _Kept(InMemory(maps), rows, nobody)
    return EncoderFeatures(clips, folds, nobody, kept, kept, channels)


QUICK = {"epochs": 15, "learning_rates": (3e-3,), "weight_decays": (0.01,), "heads": 2}


def answered(given, **settings):
    view = EvaluationInput(view=EvaluationConfig(windows=2, crops=1))
    request = Request(make_protocol("attentive", {**QUICK, **settings}), view)
    answers, facts = request.protocol.encoder_answers(given, request, lambda *_: None)
    return answers, facts["regularisation"]


def accuracy(answers):
    return np.mean([each.is_right().mean() for each in answers])


def test_what_is_at_one_place_is_found_and_poisoned_test_labels_change_nothing(monkeypatch):
    monkeypatch.setattr(attentive_probe, "LEAST_STEPS", 150)
    labels = np.arange(240) % 3
    clips = labelled(np.random.default_rng(5).permutation(labels))
    folds = two_folds(240)[:1]
    given = of_maps(clips, folds, planted_maps(clips.labels, mark=6.0))
    answers, found = answered(given, learning_rates=(1e-5, 3e-3))
    assert accuracy(answers) > 0.9
    assert found["chosen"] == "0.003 and 0.01" and found["validated_on"] == "a fifth of the training videos"
    assert found["scores"]["0.003 and 0.01"] > found["scores"]["1e-05 and 0.01"]
    poisoned = clips.labels.copy()
    poisoned[folds[0].test] = (poisoned[folds[0].test] + 1) % 3
    other = dataclasses.replace(given, clips=dataclasses.replace(clips, labels=poisoned))
    again, told = answered(other, learning_rates=(1e-5, 3e-3))
    assert told == found
    np.testing.assert_array_equal(again[0].decisions, answers[0].decisions)


def test_the_order_of_windows_is_seen_where_they_are_joined(monkeypatch):
    monkeypatch.setattr(attentive_probe, "LEAST_STEPS", 200)
    order = np.random.default_rng(2).integers(0, 2, 160)
    maps = planted_maps(np.zeros(160, int), places=2)
    first, second = maps.reshape(160, 2, 2, 8)[:, 0], maps.reshape(160, 2, 2, 8)[:, 1]
    first[:, :, 1] += np.where(order, 3, -3)[:, None]
    second[:, :, 1] -= np.where(order, 3, -3)[:, None]
    given = of_maps(labelled(order), two_folds(160)[:1], maps)
    assert accuracy(answered(given, join_windows="concat")[0]) > 0.95
    assert accuracy(answered(given)[0]) < 0.75


@pytest.mark.thorough
def test_maps_that_are_read_in_parts_and_several_labels(monkeypatch):
    monkeypatch.setattr(attentive_probe, "LEAST_STEPS", 60)
    labels = np.random.default_rng(1).integers(0, 2, 80)
    maps = planted_maps(labels, mark=6.0)
    one = answered(of_maps(labelled(labels), two_folds(80)[:1], maps))[0][0].decisions
    monkeypatch.setattr(attentive_probe, "HELD_BYTES", 0)
    np.testing.assert_array_equal(answered(of_maps(labelled(labels), two_folds(80)[:1], maps))[0][0].decisions, one)
    several = np.stack([labels == 0, labels == 1], axis=1)
    (found,), _ = answered(of_maps(labelled(several), two_folds(80)[:1], maps))
    assert ((found.decisions > 0.5) == found.labels).mean() > 0.8


def test_maps_are_averaged_down_to_the_places_that_are_kept():
    maps = tf.constant(GENERATOR.normal(size=(2, 8, 3, 3, 4)), tf.float32)
    np.testing.assert_array_equal(averaged_down(maps, 72), maps)
    half = averaged_down(maps, 71)
    assert half.shape == (2, 4, 3, 3, 4)
    np.testing.assert_allclose(half, maps.numpy().reshape(2, 4, 2, 3, 3, 4).mean(axis=2), rtol=1e-5, atol=1e-6)
    assert averaged_down(maps, 8).shape == (2, 2, 2, 2, 4)
    np.testing.assert_allclose(averaged_down(maps, 1)[:, 0, 0, 0], maps.numpy().mean(axis=(1, 2, 3)), atol=1e-6)


def test_an_embedding_is_the_mean_of_what_is_kept():
    for encoder, shape in ((video_encoder(), (2, 4, 16, 16, 3)), (audio_encoder(), (2, 32, 80))):
        clips = GENERATOR.random(shape).astype(np.float32)
        dense = DenseMaps(encoder, 1000)
        kept = dense(tf.constant(clips)).numpy().reshape(2, -1, dense.channels)
        assert dense.channels == SIZE and kept.shape[1] > 1
        np.testing.assert_allclose(kept.mean(axis=1), encoder(clips), atol=1e-5)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Eight noisy videos of two classes."""
    folder = tmp_path_factory.mktemp("attentive")
    for number in range(8):
        write_media(folder / "ab"[number % 2] / f"{number}.mp4", seconds=0.4, sound_hz=None, noise_seed=number)
    return prepare(folder, tmp_path_factory.mktemp("out") / "d", workers=1)


VIEW = {"frames": 4, "size": 16, "shorter_side": 18, "windows": 2, "crops": 1}


@pytest.mark.thorough
def test_maps_are_computed_once_and_kept_apart_from_embeddings(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(attentive_probe, "LEAST_STEPS", 2)

    def run(name, **arguments):
        arguments = {"protocol": "attentive", "classifier": {**QUICK, "epochs": 1}, **arguments}
        return evaluate(video_encoder(), dataset.path, tmp_path / name, folds=2, view=VIEW, **arguments)

    report = run("out", label_fractions="0.5,1")
    assert report["random_init"] is not None and len(report["label_fractions"]) == 2
    kept = len(list((tmp_path / "features").iterdir()))
    monkeypatch.setattr(features, "_append", lambda *_: pytest.fail("maps were computed again"))
    again = run("again", classifier={**QUICK, "epochs": 1}, label_fractions="0.5,1")
    assert {**again, "seconds": 0} == {**report, "seconds": 0}
    monkeypatch.undo()
    run("embeddings", protocol="knn", classifier={})
    run("fewer places", classifier={**QUICK, "epochs": 1, "places": 2})
    assert len(list((tmp_path / "features").iterdir())) == 3 * kept


def test_an_encoder_without_a_map_is_one_line_before_any_work(dataset, tmp_path):
    foreign = brave_tf.as_encoder(lambda clips: clips.mean(axis=(1, 2, 3)), EncoderCard(), name="mean-color")
    for encoder, words in (
        ("baseline:pixels", "baseline:pixels, whose layers end without a global average pooling"),
        (foreign, "mean-color, which is no Keras model and keeps its maps to itself; choose a protocol that takes"),
    ):
        with pytest.raises(UserError, match=f"received --protocol attentive with {words}"):
            evaluate(encoder, dataset.path, tmp_path / "out", protocol="attentive", random_init=False)
    with pytest.raises(UserError, match="attentive with baseline:log-mel, whose layers end"):
        evaluate(video_encoder(), dataset.path, tmp_path / "out", protocol="attentive", beside="baseline:log-mel")
    assert not (tmp_path / "out").exists()


def test_maps_that_have_no_room_are_one_line(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(dense_maps.shutil, "disk_usage", lambda path: dense_maps.shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(UserError, match=r"has room for 0.00 GB and the maps take .* GB; choose fewer --windows"):
        evaluate(video_encoder(), dataset.path, tmp_path / "out", protocol="attentive", folds=2, view=VIEW)
