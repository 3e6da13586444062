"""Encoders that others made: any function with a card, and backbones of KerasHub."""

import dataclasses
import importlib.util
import re
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.config import AudioViewConfig, EvaluationConfig
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.foreign import as_encoder
from brave_tf.encoders.keras_hub import backbone_encoder
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.evaluation.features import Embedder

CARD = EncoderCard(view=EvaluationConfig(frames=4, step=2, size=16, shorter_side=18))
CLIPS = np.random.default_rng(0).random((2, 4, 16, 16, 3), dtype=np.float32)


def colors(clips):
    """Mean colours, as a program that knows nothing of TensorFlow computes them."""
    assert type(clips) is np.ndarray and clips.dtype == np.float32
    return clips.mean(axis=(1, 2, 3), dtype=np.float64)


class Doubled(tf.Module):
    """Mean colours times what may be trained; counts the calls in training."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(2.0)

    def __call__(self, clips, training=False):
        return tf.reduce_mean(clips, axis=(1, 2, 3)) * self.factor * (3.0 if training else 1.0)


@pytest.mark.parametrize(
    ("make", "factor"),
    [(lambda: colors, 1.0), (Doubled, 2.0), (lambda: tf.function(lambda clips: tf.reduce_mean(clips, [1, 2, 3])), 1.0)],
    ids=["numpy", "module", "tf.function"],
)
def test_any_function_is_an_encoder(make, factor):
    encoder = as_encoder(make(), CARD, name="mine")
    expected = factor * CLIPS.mean(axis=(1, 2, 3))
    assert encoder.embedding_size == 3 and str(encoder.path) == "mine"
    np.testing.assert_allclose(encoder(CLIPS), expected, atol=1e-6)
    # As evaluation and `embed` call it: in a graph.
    np.testing.assert_allclose(Embedder(encoder)(tf.constant(CLIPS)), expected, atol=1e-6)
    assert load_encoder(encoder) is encoder and encoder.random_twin() is None


def test_the_example_of_the_documents_runs():
    text = (Path(__file__).parents[2] / "docs/sharing.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict = {}
    exec(compile(program, "docs/sharing.md", "exec"), names)
    assert names["encoder"].embedding_size == 3 and names["encoder"].card.view.frames == 16


def test_what_can_be_trained_is_found():
    encoder = as_encoder(Doubled(), CARD, name="mine")
    assert [float(variable) for variable in encoder.trainable_variables] == [2.0]
    np.testing.assert_allclose(encoder(CLIPS, training=True), 6 * CLIPS.mean(axis=(1, 2, 3)), rtol=1e-6)
    assert as_encoder(colors, CARD, name="mine").variables == []


def test_a_network_of_keras_keeps_what_it_is():
    video = keras.Input((4, 16, 16, 3))
    model = keras.Model(video, keras.layers.Dense(5)(keras.layers.GlobalAveragePooling3D()(video)))
    encoder = as_encoder(model, CARD, name="mine")
    assert encoder.model is model and len(encoder.variables) == 2
    twin = encoder.random_twin()
    assert twin is not None and not np.allclose(twin(CLIPS), encoder(CLIPS))


def test_weights_and_names_tell_encoders_apart():
    module, other = Doubled(), Doubled()
    other.factor.assign(3.0)
    hashes = [as_encoder(each, CARD, name="mine").weights_sha256() for each in (module, other, colors)]
    assert len({*hashes, as_encoder(colors, CARD, name="other").weights_sha256()}) == 4
    assert as_encoder(module, CARD, name="other").weights_sha256() == hashes[0]


def test_sound_is_shown_as_its_card_tells():
    card = EncoderCard("audio", "audio", view=EvaluationConfig(audio_seconds=0.5), audio=AudioViewConfig(mel_bands=40))
    shapes = []
    as_encoder(lambda sound: shapes.append(sound.shape) or sound.mean(axis=1), card, name="mine")
    assert shapes == [(2, 50, 40)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, CARD, "mine"), "received a int; expected a function"),
        ((colors, "card", "mine"), "received a str as the card; expected a brave_tf.EncoderCard"),
        ((colors, CARD, ""), "expected one that tells this encoder from others"),
        ((colors, CARD, "a\nb"), "expected one that tells this encoder from others"),
        ((lambda clips: clips, CARD, "mine"), r"makes \[2, 4, 16, 16, 3\] of clips .*; expected embeddings \[2, D\]"),
        ((lambda clips: clips.mean(axis=(1, 2, 3))[:1], CARD, "mine"), r"makes \[1, 3\] of clips"),
        ((lambda clips: np.full((2, 3), np.nan), CARD, "mine"), "not finite"),
        ((lambda clips: clips.no_such_thing, CARD, "mine"), "cannot embed clips .*no_such_thing"),
    ],
)
def test_what_is_no_encoder_is_one_line(arguments, words):
    function, card, name = arguments
    with pytest.raises(UserError, match=words) as caught:
        brave_tf.as_encoder(function, card, name=name)
    assert "\n" not in str(caught.value)


def video_backbone() -> keras.Model:
    """What gives features of 4 frames of 16 pixels, [B, frames, patches, D], as VideoPrism does."""
    video = keras.Input((4, 16, 16, 3), name="pixel_values")
    patches = keras.layers.Conv3D(6, (1, 8, 8), strides=(1, 8, 8))(video)
    return keras.Model(video, keras.layers.Reshape((4, 4, 6))(patches))


def keras_hub(monkeypatch, backbone=None, converter=None) -> list[str]:
    """Stands for the package; gives back the presets that are asked for."""
    asked = []

    def from_preset(preset, load_weights=True, **kwargs):
        asked.append(preset)
        if backbone is None:
            raise ValueError("Unknown preset identifier.\nA preset must be one of: ...")
        return backbone

    def converter_of(preset, **kwargs):
        if converter is None:
            raise ValueError("there is none")
        return converter

    fake = types.SimpleNamespace(
        models=types.SimpleNamespace(Backbone=types.SimpleNamespace(from_preset=from_preset)),
        layers=types.SimpleNamespace(ImageConverter=types.SimpleNamespace(from_preset=converter_of)),
    )
    monkeypatch.setitem(sys.modules, "keras_hub", fake)
    return asked


def test_a_backbone_for_videos_is_shown_as_many_frames_as_it_takes(monkeypatch, capsys):
    backbone = video_backbone()
    asked = keras_hub(monkeypatch, backbone)
    encoder = load_encoder("keras-hub:videoprism_public_v1_base")
    np.testing.assert_allclose(encoder(CLIPS), np.mean(backbone(CLIPS), axis=(1, 2)), atol=1e-5)
    view = encoder.card.view
    assert (view.frames, view.step, view.size, view.shorter_side) == (4, 16, 16, 18)
    assert asked == ["videoprism_public_v1_base"] and str(encoder.path) == "keras-hub:videoprism_public_v1_base"
    assert "does not say how its pixels are scaled" in capsys.readouterr().err
    twin = encoder.random_twin()
    assert twin is not None and not np.allclose(twin(CLIPS), encoder(CLIPS))
    load_encoder("keras-hub:kaggle:/keras/videoprism/keras/x")
    assert asked[-1] == "kaggle://keras/videoprism/keras/x"


def test_a_backbone_with_text_embeds_its_video(monkeypatch):
    video, text = keras.Input((4, 16, 16, 3), name="pixel_values"), keras.Input((None,), name="token_ids")
    seen = keras.layers.Dense(5)(keras.layers.GlobalAveragePooling3D()(video))
    said = keras.layers.Dense(5)(keras.layers.Reshape((1,))(keras.ops.sum(text, axis=1)))
    both = {"vision_embeddings": seen, "text_embeddings": said}
    keras_hub(monkeypatch, keras.Model({"pixel_values": video, "token_ids": text}, both))
    encoder = load_encoder("keras-hub:videoprism_lvt_public_v1_base")
    np.testing.assert_allclose(encoder(CLIPS), keras.Model(video, seen)(CLIPS), atol=1e-6)
    assert len(encoder.variables) == 2


def test_a_backbone_for_pictures_sees_frame_by_frame_what_it_was_trained_with(monkeypatch, capsys):
    picture = keras.Input((16, 16, 3))
    backbone = keras.Model(picture, keras.layers.Conv2D(6, 8, strides=8, activation="relu")(picture))
    keras_hub(monkeypatch, backbone, types.SimpleNamespace(scale=[1 / 127.5] * 3, offset=[-1.0] * 3))
    encoder = load_encoder("keras-hub:vit")
    clips = np.random.default_rng(0).random((2, 16, 16, 16, 3), dtype=np.float32)
    expected = np.stack([np.mean(backbone(2 * clip - 1), axis=(0, 1, 2)) for clip in clips])
    np.testing.assert_allclose(encoder(clips), expected, atol=1e-5)
    assert encoder.card.view.frames == 16 and not capsys.readouterr().err


def test_backbones_for_something_else_are_one_line(monkeypatch):
    tokens = keras.Input((None,), dtype="int32", name="token_ids")
    keras_hub(monkeypatch, keras.Model({"token_ids": tokens}, keras.layers.Embedding(3, 4)(tokens)))
    with pytest.raises(UserError, match=r"keras-hub:bert takes inputs \['token_ids'\]; expected a backbone of videos"):
        load_encoder("keras-hub:bert")
    keras_hub(monkeypatch)
    with pytest.raises(
        UserError, match=r"keras-hub:x cannot be loaded \(Unknown preset identifier.\); expected a backb"
    ):
        load_encoder("keras-hub:x")
    for name in ("keras-hub:", "keras-hub:../x"):
        with pytest.raises(UserError, match="expected keras-hub:NAME, such as keras-hub:videoprism_public_v1_base"):
            load_encoder(name)
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r'needs keras_hub, .*: pip install "brave_tf\[keras-hub\]"'):
        load_encoder("keras-hub:x")


@pytest.mark.skipif(
    importlib.util.find_spec("keras_hub") is None,
    reason="KerasHub is not installed: it and kagglehub do not go into one environment",
)
def test_the_backbones_of_the_installed_package(tmp_path):
    import inspect

    import keras_hub

    for function, arguments in (
        (keras_hub.models.Backbone.from_preset, {"preset", "load_weights", "kwargs"}),
        (keras_hub.layers.ImageConverter.from_preset, {"preset", "kwargs"}),
    ):
        assert arguments == set(inspect.signature(function).parameters)
    assert "videoprism_public_v1_base" in keras_hub.models.VideoPrismBackbone.presets
    size = {"num_frames": 4, "image_shape": (16, 16, 3), "patch_size": 8, "hidden_dim": 16, "intermediate_dim": 32}
    size |= {"num_heads": 2, "num_spatial_layers": 1, "num_temporal_layers": 1, "num_auxiliary_layers": 0}
    backbone = keras_hub.models.VideoPrismBackbone(**size)
    encoder = backbone_encoder(backbone, "keras-hub:tiny")
    np.testing.assert_allclose(encoder(CLIPS), np.mean(backbone(CLIPS), axis=(1, 2)), atol=1e-5)
    assert encoder.random_twin() is not None
    backbone.save_to_preset(str(tmp_path / "preset"))
    keras_hub.layers.VideoPrismImageConverter(scale=1 / 255).save_to_preset(str(tmp_path / "preset"))
    loaded = load_encoder(f"keras-hub:{tmp_path}/preset")
    np.testing.assert_allclose(loaded(CLIPS), encoder(CLIPS), atol=1e-5)
    assert loaded.card == dataclasses.replace(encoder.card, preset=f"keras-hub:{tmp_path}/preset")
    with_text = keras_hub.models.VideoPrismBackbone(
        **{**size, "num_auxiliary_layers": 1}, num_text_layers=1, vocabulary_size=10
    )
    encoder = backbone_encoder(with_text, "keras-hub:tiny")
    np.testing.assert_allclose(encoder(CLIPS), with_text.get_vision_embeddings(CLIPS), atol=1e-5)
    pictures = keras_hub.models.ViTBackbone(
        image_shape=(16, 16, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16
    )
    assert backbone_encoder(pictures, "keras-hub:vit").embedding_size == 8
    assert keras_hub.layers.ImageConverter(scale=0.5, offset=None).scale == 0.5
