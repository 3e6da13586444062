"""Encoders that leave: SavedModels, whole Keras models, and what comes back from each."""

import logging
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.config import EvaluationConfig
from brave_tf.data.evaluation_frames import center_crop, resize_shorter_side
from brave_tf.data.spectrogram import log_mel
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.encoder import Encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.export import export_encoder, verify

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

VIDEO = np.random.default_rng(0).random((2, 3, 40, 48, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def encoder(one_unit):
    return load_encoder("random:tiny-va")


@pytest.fixture(scope="module")
def exported(encoder, quick_verification, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export") / "exported"
    found = export_encoder(encoder, folder, formats=("savedmodel", "keras"))
    assert max(found["errors"].values()) < 1e-4
    return folder


def test_exports_embed_alike_and_keep_their_card(encoder, exported):
    expected = encoder(VIDEO).numpy()
    for path in (exported, exported / "encoder.keras"):
        loaded = load_encoder(path)
        np.testing.assert_allclose(loaded(VIDEO), expected, atol=1e-5)
        assert loaded.card == encoder.card and loaded.embedding_size == 64


def test_tensorflow_does_not_tell_where_it_wrote(encoder, tmp_path, caplog):
    """In a notebook its logger tells that on standard output, among the results."""
    caplog.set_level("INFO", logger="tensorflow")
    export_encoder(encoder, tmp_path / "exported")
    assert not [record for record in caplog.records if record.name == "tensorflow"]
    assert tf.get_logger().level == logging.INFO


def test_the_uint8_signature_resizes_and_crops_as_in_evaluation(encoder, exported):
    frames = np.random.default_rng(1).integers(0, 256, (1, 2, 70, 90, 3)).astype(np.uint8)
    view = encoder.card.view
    cropped = center_crop(resize_shorter_side(tf.constant(frames[0]), view.shorter_side), view.size)
    expected = encoder(tf.cast(cropped, tf.float32)[None] / 255.0)
    signature = tf.saved_model.load(str(exported)).signatures["video_uint8"]
    np.testing.assert_allclose(signature(video=tf.constant(frames))["embedding"], expected, atol=1e-5)


def test_exports_can_be_trained_further(exported):
    model = tf.saved_model.load(str(exported))
    before = [variable.numpy() for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(tf.constant(VIDEO), training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(gradient is not None for gradient in gradients) and model.regularization_losses == []
    tf.keras.optimizers.SGD(1.0).apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    changed = [not np.array_equal(old, new) for old, new in zip(before, model.trainable_variables, strict=True)]
    assert np.mean(changed) > 0.9
    assert len(model.variables) > len(model.trainable_variables)


@pytest.mark.parametrize("tower", ["flow", "audio"])
def test_broad_towers_are_exported_with_signatures_of_their_own(tmp_path, tower):
    encoder = load_encoder("random:tiny-fa", tower)
    found = export_encoder(encoder, tmp_path / "out")
    signatures = {"flow": {"video", "video_uint8"}, "audio": {"audio", "spectrogram"}}[tower]
    assert found["errors"].keys() == {"call", "call_training_false", "serving_default", *signatures}
    loaded = load_encoder(tmp_path / "out")
    assert loaded.card == encoder.card and loaded.embedding_size == encoder.embedding_size
    with pytest.raises(UserError, match=f"has the towers {tower}"):
        load_encoder(tmp_path / "out", "narrow")


def test_the_audio_signature_takes_a_waveform(tmp_path):
    encoder = load_encoder("random:tiny-va", "audio")
    export_encoder(encoder, tmp_path / "out")
    waveform = tf.constant(np.random.default_rng(0).uniform(-1, 1, (2, 16_000)).astype(np.float32))
    signature = tf.saved_model.load(str(tmp_path / "out")).signatures["audio"]
    expected = encoder(log_mel(waveform, encoder.card.audio))
    np.testing.assert_allclose(signature(audio=waveform)["embedding"], expected, atol=1e-4)


def test_a_whole_model_is_an_encoder_too(tmp_path):
    model = brave_tf.Brave.from_preset("tiny-va")
    model.save(tmp_path / "brave.keras")
    loaded = load_encoder(tmp_path / "brave.keras")
    np.testing.assert_allclose(loaded(VIDEO), model.encoder(VIDEO), atol=1e-5)
    assert loaded.card.view == model.augment.config.evaluation and loaded.card.preset == "tiny-va"


def test_the_same_command_again_verifies_what_is_there(encoder, exported, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "exported")
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    found = export_encoder(encoder, copy, formats=("keras", "savedmodel"))
    assert max(found["errors"].values()) < 1e-4
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    for other, formats in [(load_encoder("random:tiny-v"), ("savedmodel", "keras")), (encoder, ("savedmodel",))]:
        with pytest.raises(UserError, match="exists already"):
            export_encoder(other, copy, formats=formats)


def test_what_a_killed_export_leaves_goes_with_the_next(encoder, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))
    monkeypatch.setattr(verify, "_run_program", lambda *words: seen.append(words[-1]) or pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        export_encoder(encoder, tmp_path / "out")
    assert Path(seen[0]).parents[1] == tmp_path / ".out.partial"


def test_taken_directories_are_left_alone(encoder, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        export_encoder(encoder, tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none", None, "does not exist"),
        ("folder", "", "holds no encoder"),
        ("text.keras", b"hello", "is not a readable .keras model"),
        ("random:tiny-w", None, "did you mean tiny-v"),
    ],
)
def test_what_is_no_encoder_is_one_line(tmp_path, name, content, words):
    path = name if name.startswith("random:") else tmp_path / name
    if content == "":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        load_encoder(path)
    assert "\n" not in str(caught.value)


def test_a_network_for_clips_of_one_shape_is_one_line(tmp_path):
    video = keras.Input((4, 16, 16, 3))
    model = keras.Model(video, keras.layers.GlobalAveragePooling3D()(video))
    card = EncoderCard(view=EvaluationConfig(frames=4, size=16, shorter_side=18))
    with pytest.raises(
        UserError, match=r"mine takes clips of \[4, 16, 16\] alone; expected a network for clips of any"
    ):
        export_encoder(brave_tf.as_encoder(model, card, name="mine"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def network(shapes, sizes=(3,), batch=None):
    """A network with an input of each shape and an embedding of each size."""
    inputs = [keras.Input(batch_shape=(batch, *shape), name=f"input_{number}") for number, shape in enumerate(shapes)]
    means = [keras.ops.mean(each, axis=tuple(range(1, len(each.shape) - 1))) for each in inputs]
    joined = keras.ops.concatenate(means, axis=-1) if len(means) > 1 else means[0]
    outputs = [keras.layers.Dense(size)(joined) for size in sizes]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs if len(outputs) > 1 else outputs[0])


ANY = (None, None, None, 3)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: network([(None, None, 3)]), r"takes input_0 \[None, None, None, 3\] and .*expected one input, "),
        (lambda: network([(64, 64, 3)]), r"takes input_0 \[None, 64, 64, 3\] and gives .*expected one input"),
        (lambda: network([ANY, (None, 5)]), r"takes input_0 \[.*\], input_1 \[None, None, 5\] and .*one input"),
        (lambda: network([ANY, ANY, ANY]), r"input_2 \[None, None, None, None, 3\] and gives .*expected one input"),
        (lambda: network([(None, None, None, 1)]), r"takes input_0 \[None, None, None, None, 1\].*one input"),
        (lambda: network([ANY], (3, 4)), r"and gives .* \[None, 3\], .* \[None, 4\]; expected one output"),
        (lambda: network([ANY], batch=2), "takes 2 clips at once and no other number; expected any"),
    ],
    ids=["pictures", "pictures of one size", "two inputs", "three inputs", "gray", "two outputs", "one batch"],
)
def test_networks_made_elsewhere_that_cannot_be_exported_are_one_line(tmp_path, make, words):
    model = make()
    encoder = Encoder(model, EncoderCard(), tmp_path / "mine.keras", model.variables, model.trainable_variables)
    with pytest.raises(UserError, match=r"mine\.keras .*" + words) as caught:
        export_encoder(encoder, tmp_path / "out")
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_a_network_that_is_no_graph_is_one_line(tmp_path):
    class Mine(keras.Model):
        def call(self, clips, training=False):
            return keras.ops.mean(clips, axis=(1, 2, 3))

    encoder = brave_tf.as_encoder(Mine(), EncoderCard(), name="mine")
    with pytest.raises(UserError, match=r"mine does not say what it takes; expected a functional model of Keras"):
        export_encoder(encoder, tmp_path / "out")
