"""Encoders by tower and by name."""

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf import presets
from brave_tf.config import AugmentConfig, BroadConfig, VideoViewConfig
from brave_tf.config.values import override
from brave_tf.embedding.grid import Grid
from brave_tf.embedding.vectors import WindowEmbedder
from brave_tf.encoders import loading
from brave_tf.encoders.card import EncoderCard, card_of
from brave_tf.encoders.encoder import TOWER_FILES, save_towers
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.method.brave import Brave
from brave_tf.training.build import build

CONFIG = override(presets.get("tiny-fa"), ["broad.flow.frames=6", "broad.flow.size=24", "model.narrow.depth=14"])


@pytest.fixture(scope="module")
def model():
    return build(CONFIG)


@pytest.fixture(scope="module")
def run(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    encoders = {"narrow": model.encoder, **model.broad_encoders}
    cards = {tower: card_of(CONFIG, net, 7, tower) for tower, net in encoders.items()}
    save_towers(encoders, cards, folder)
    return folder


INPUTS = {"narrow": (2, 4, 24, 24, 3), "flow": (2, 4, 24, 24, 2), "audio": (2, 40, 80)}


@pytest.mark.parametrize(
    ("choice", "tower"), [(None, "narrow"), ("broad", "flow"), ("flow", "flow"), ("audio", "audio")]
)
def test_every_tower_of_a_run_is_an_encoder(run, model, tmp_path, choice, tower):
    values = np.random.default_rng(0).random(INPUTS[tower], dtype=np.float32)
    backbone = model.encoder if tower == "narrow" else model.broad_encoders[tower]
    model.save(tmp_path / "whole.keras")
    for path in (run, tmp_path / "whole.keras"):
        encoder = load_encoder(path, choice)
        assert encoder.card.tower == tower
        assert encoder.card.modality == {"narrow": "rgb"}.get(tower, tower)
        np.testing.assert_allclose(encoder(values), backbone(values, training=False), atol=1e-4)
        assert encoder.embedding_size == encoder(values).shape[-1]
    view = load_encoder(run, choice).card.view
    assert (view.frames, view.size, view.shorter_side) == {"flow": (6, 24, 27)}.get(tower, (8, 48, 54))


def test_an_encoder_knows_the_augmentation_of_its_own_view(model, run):
    config = dataclasses.replace(CONFIG, narrow=dataclasses.replace(CONFIG.narrow, augment=AugmentConfig(flip=0.25)))
    card = card_of(config, model.encoder, 0)
    assert EncoderCard.from_json(card.to_json(), run).input_view.video.augment == AugmentConfig(flip=0.25, blur=0.0)
    assert load_encoder(run, "flow").card.augment == CONFIG.broad.flow.augment
    assert load_encoder(run, "audio").card.augment is None
    # Files from before cards had it are given the paper's.
    old = {name: value for name, value in json.loads(card.to_json()).items() if name != "augment"}
    assert EncoderCard.from_json(json.dumps(old), run).input_view.video.augment == AugmentConfig(blur=0.0)


def test_a_tower_that_is_not_there_is_one_line(run, tmp_path):
    with pytest.raises(UserError, match=r"received --tower rgb; .* has the towers narrow, flow, audio"):
        load_encoder(run, "rgb")
    with pytest.raises(UserError, match=r"--tower audio; .*encoder.keras has the towers narrow"):
        load_encoder(run / "encoder.keras", "audio")
    broad = BroadConfig(rgb=VideoViewConfig(frames=4, size=24), flow=CONFIG.broad.flow)
    both = build(dataclasses.replace(CONFIG, broad=broad))
    both.save(tmp_path / "both.keras")
    with pytest.raises(UserError, match=r"--tower broad; .* has 2 that fit; expected one of narrow, rgb, flow"):
        load_encoder(tmp_path / "both.keras", "broad")


def test_a_finished_run_holds_all_its_towers(run):
    assert {path.name for path in run.iterdir()} == {TOWER_FILES[tower] for tower in ("narrow", "flow", "audio")}


@pytest.mark.parametrize(
    ("name", "network", "size"),
    [
        ("random:tiny", "TSMResNet", 512),
        ("random:tsm50", "TSMResNet", 2048),
        ("random:r3d50", "R3D", 2048),
        ("random:audio-resnet50", "AudioResNet", 2048),
    ],
)
def test_networks_by_name(name, network, size):
    encoder = load_encoder(name)
    assert encoder.card.network["class"] == network and encoder.embedding_size == size


def test_a_name_gives_the_same_weights_and_a_twin_others():
    encoder = load_encoder("random:tiny")
    assert encoder.weights_sha256() == load_encoder("random:tiny").weights_sha256()
    assert encoder.weights_sha256() != encoder.random_twin(1).weights_sha256()


def test_the_published_sizes_have_the_published_settings():
    assert load_encoder("random:r3d50").card.view.step == 4
    assert load_encoder("random:audio-resnet50").card.audio.sample_rate_hz == 16_000
    assert load_encoder("random:tiny-va", "audio").card.modality == "audio"


def test_the_baseline_is_mean_and_deviation_of_every_band():
    encoder = load_encoder("baseline:log-mel")
    sound = np.random.default_rng(0).random((3, 50, 80), dtype=np.float32)
    expected = np.concatenate([sound.mean(axis=1), sound.std(axis=1)], axis=-1)
    np.testing.assert_allclose(encoder(sound), expected, atol=1e-5)
    assert encoder.random_twin() is None


def small(pictures):
    """Means over squares of 2 x 2 pixels of pictures of 32 x 32."""
    return pictures.reshape(len(pictures), 16, 2, 16, 2, 3).mean(axis=(2, 4)).reshape(len(pictures), -1)


def test_baselines_of_frames_are_their_mean_and_what_changes_in_them():
    # Squares of one colour: smoothing over their edges changes little.
    video = np.random.default_rng(0).random((2, 5, 4, 4, 3), dtype=np.float32).repeat(8, axis=2).repeat(8, axis=3)
    inside = np.zeros((16, 16, 3), bool)
    inside[1::4, 1::4] = inside[2::4, 2::4] = True
    inside = inside.ravel()
    pixels = load_encoder("baseline:pixels")(video).numpy()
    assert pixels.shape == (2, 768)
    np.testing.assert_allclose(pixels[:, inside], small(video.mean(axis=1))[:, inside], atol=1e-5)
    changes = load_encoder("baseline:frame-differences")(video).numpy()
    expected = small(np.abs(np.diff(video, axis=1)).mean(axis=1))
    np.testing.assert_allclose(changes[:, inside], expected[:, inside], atol=1e-5)


def test_baselines_are_told_apart_though_they_have_no_weights():
    names = ("pixels", "frame-differences", "log-mel")
    assert len({load_encoder(f"baseline:{name}").weights_sha256() for name in names}) == len(names)


def test_a_single_frame_has_no_differences():
    assert not load_encoder("baseline:frame-differences")(np.ones([1, 1, 32, 32, 3], "float32")).numpy().any()


@pytest.mark.parametrize("name", ["random:nothing", "baseline:nothing"])
def test_unknown_names_are_one_line(name):
    with pytest.raises(UserError, match=r"a network \(tsm50, .*\), or one|one of baseline:log-mel, baseline:pixels, "):
        load_encoder(name)


def test_a_saved_model_with_the_signature_alone_is_an_encoder(tmp_path, capsys):
    loading._note_once.cache_clear()
    weights = tf.Variable(np.random.default_rng(0).random((3, 5)), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, None, 3], tf.float32, name="video")])
    def video(video):
        return {"embedding": tf.reduce_mean(video, axis=[1, 2, 3]) @ weights}

    root = tf.train.Checkpoint(weights=weights)
    tf.saved_model.save(root, str(tmp_path / "theirs"), signatures={"video": video})
    encoder = load_encoder(tmp_path / "theirs")
    clips = np.random.default_rng(1).random((2, 3, 8, 8, 3), dtype=np.float32)
    np.testing.assert_allclose(encoder(clips), clips.mean(axis=(1, 2, 3)) @ weights.numpy(), rtol=1e-5)
    assert encoder.embedding_size == 5 and encoder.random_twin() is None
    load_encoder(tmp_path / "theirs")
    assert capsys.readouterr().err.count("a SavedModel is a program") == 1
    other = tmp_path / "other"
    tf.saved_model.save(root, str(other))
    with pytest.raises(UserError, match="has no signature `video` with the output `embedding`"):
        brave_tf.load_encoder(other)


def test_a_model_of_networks_of_its_own_is_refused_in_one_line(tmp_path):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    Brave(network, {"other": network}, hidden_size=4, projection_size=2).save(tmp_path / "own.keras")
    with pytest.raises(UserError, match=r"a Brave of networks of its own.*model\.encoder"):
        load_encoder(tmp_path / "own.keras")


def test_an_encoder_is_its_own_encoder(run):
    encoder = load_encoder(run, "flow")
    assert load_encoder(encoder) is encoder and load_encoder(encoder, "flow") is encoder
    with pytest.raises(UserError, match="audio"):
        load_encoder(encoder, "audio")
    with pytest.raises(UserError, match="received a Sequential; expected a path, a name such as random:tiny"):
        load_encoder(keras.Sequential([keras.Input((4,))]))


@pytest.mark.parametrize(
    ("shape", "words"), [((None, 80), "an encoder of sound"), ((None, None, None, 3), "an encoder of video")]
)
def test_what_a_foreign_file_is_taken_for_is_noted(tmp_path, capsys, run, shape, words):
    pooling = keras.layers.GlobalAveragePooling1D() if len(shape) == 2 else keras.layers.GlobalAveragePooling3D()
    keras.Sequential([keras.Input(shape), pooling]).save(tmp_path / "foreign.keras")
    load_encoder(tmp_path / "foreign.keras")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path / 'foreign.keras'} does not say what it embeds; by its input (None, None, ")
    assert f"it is taken for {words}, " in line
    load_encoder(run)
    assert not capsys.readouterr().err


def test_weights_that_were_changed_have_a_hash_of_their_own():
    encoder = load_encoder("random:tiny")
    before, again = encoder.weights_sha256(), load_encoder("random:tiny")
    weight = encoder.trainable_variables[0]
    weight.assign(weight * 2)
    now = encoder.weights_sha256()
    assert (
        now != before
        and encoder.card.weights_sha256 == now == card_of(presets.get("tiny-va"), encoder.model, 0).weights_sha256
    )
    weight.assign(weight / 2)
    assert load_encoder(encoder) is encoder and encoder.card.weights_sha256 == before
    # A card that tells another hash than ours keeps it while nothing is changed.
    told = dataclasses.replace(again.card, weights_sha256="0" * 64)
    kept = type(again)(again.model, told, again.path, again.variables, again.trainable_variables)
    assert kept.weights_sha256() == "0" * 64


def test_an_encoder_of_clips_of_one_shape_is_one_line(tmp_path):
    video = keras.Input((4, 24, 24, 3))
    keras.Model(video, keras.layers.GlobalAveragePooling3D()(video)).save(tmp_path / "fixed.keras")
    encoder = load_encoder(tmp_path / "fixed.keras")
    message = r"fixed.keras takes clips \[4, 24, 24, 3\] alone; received clips \[32, 224, 224, 3\]; expected those; "
    with pytest.raises(UserError, match=message + "leave out --window"):
        WindowEmbedder(encoder, Grid.of(encoder.card.input_view))
    view = dataclasses.replace(encoder.card.view, frames=4, size=24)
    encoder.card = dataclasses.replace(encoder.card, view=view)
    WindowEmbedder(encoder, Grid.of(encoder.card.input_view))
    with pytest.raises(UserError, match=r"received clips \[8, 24, 24, 3\]"):
        WindowEmbedder(encoder, dataclasses.replace(Grid.of(encoder.card.input_view), length=8))
