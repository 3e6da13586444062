"""Backbones and heads of every view: which exist, which are shared, and what they see."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from brave_tf import presets
from brave_tf.config import BackboneConfig, BroadConfig, Config, ModelConfig, VideoViewConfig
from brave_tf.config.values import override
from brave_tf.errors import UserError
from brave_tf.method.towers import Towers
from brave_tf.training.build import build

SMALL = BackboneConfig(depth=14, width=0.0625)
HEADS = {"hidden_size": 16, "projection_size": 8}


def model_config(**changes):
    return ModelConfig(**{"narrow": SMALL, "rgb": SMALL, "flow": SMALL, "audio": SMALL, **HEADS, **changes})


def make(model, broad):
    """The towers of a configuration."""
    return build(Config(name="test", model=model, broad=broad)).towers


def inputs(**broad):
    generator = np.random.default_rng(0)
    draw = lambda *shape: tf.constant(generator.random(shape, dtype="float32"))  # noqa: E731
    return {"narrow": draw(3, 2, 32, 32, 3), "broad": {name: draw(*shape) for name, shape in broad.items()}}


def test_several_modalities_have_one_narrow_backbone_and_heads_of_their_own():
    towers = make(model_config(), presets.get("tiny-fa").broad)
    outputs = towers(inputs(flow=(3, 2, 4, 24, 24, 2), audio=(3, 40, 80)))
    assert {m: outputs["narrow"][m]["z"].shape for m in outputs["narrow"]} == {"flow": (3, 8), "audio": (3, 8)}
    assert outputs["broad"]["flow"]["h"].shape == (3, 2, 8) and outputs["broad"]["audio"]["h"].shape == (3, 1, 8)
    heads = [*towers.narrow_heads.values(), *towers.broad_heads.values()]
    assert len({id(head) for head in heads}) == 4
    assert towers.broad_encoders["flow"].input_shape[-1] == 2
    assert not np.allclose(outputs["narrow"]["flow"]["z"], outputs["narrow"]["audio"]["z"])


@pytest.mark.parametrize("heads", ["separate", "shared"])
def test_the_embedding_size_of_a_network_is_computed_once(heads, monkeypatch):
    seen = []
    monkeypatch.setattr("brave_tf.method.towers.embedding_size", lambda network: seen.append(network) or 4)
    network, other = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]) for _ in range(2))
    Towers(network, {"left": network, "right": other}, **HEADS, heads=heads)
    assert seen == [network, other]


def test_a_configuration_rebuilds_the_same_towers():
    towers = make(model_config(heads="shared"), presets.get("tiny-fa").broad)
    again = Towers.from_config(towers.get_config())
    assert again.get_config() == towers.get_config()
    assert [(w.path, w.shape) for w in again.weights] == [(w.path, w.shape) for w in towers.weights]


def test_views_of_one_modality_do_not_mix():
    towers = make(model_config(), presets.get("tiny-v").broad)
    both = inputs(rgb=(3, 2, 4, 24, 24, 3))
    alone = {**both, "broad": {"rgb": both["broad"]["rgb"][:, 1:]}}
    together = towers(both, training=True)["broad"]["rgb"]["z"][:, 1]
    np.testing.assert_allclose(together, towers(alone, training=True)["broad"]["rgb"]["z"][:, 0], atol=1e-5)


def test_a_shared_backbone_is_one_network():
    separate = make(model_config(), presets.get("tiny-v").broad)
    shared = make(model_config(share_backbone=True), presets.get("tiny-v").broad)
    assert shared.broad_encoders["rgb"] is shared.encoder
    backbone = separate.encoder.count_params()
    assert separate.count_params() - shared.count_params() == backbone
    clip = inputs(rgb=(3, 1, 2, 32, 32, 3))
    clip["broad"]["rgb"] = clip["narrow"][:, None]
    with tf.GradientTape(persistent=True) as tape:
        outputs = shared(clip, training=True)
        both = [tf.reduce_sum(outputs[side]["rgb"]["z"] ** 3) for side in ("narrow", "broad")]
    kernel = shared.encoder.trainable_weights[0].value
    assert all(np.any(tape.gradient(term, kernel)) for term in both)


def test_a_model_with_a_shared_backbone_saves_and_loads(tmp_path):
    keras.utils.set_random_seed(0)
    settings = ["model.share_backbone=true", "model.hidden_size=16", "model.projection_size=8"]
    widths = [f"model.{name}.{key}" for name in ("narrow", "rgb") for key in ("depth=14", "width=0.0625")]
    model = build(override(presets.get("tiny-v"), [*settings, *widths]))
    model.save(tmp_path / "brave.keras")
    loaded = keras.saving.load_model(tmp_path / "brave.keras")
    assert loaded.broad_encoders["rgb"] is loaded.encoder and loaded.augment.config == model.augment.config
    views = inputs(rgb=(3, 1, 4, 24, 24, 3))
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), model(views), loaded(views))


def test_what_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match=r"share_backbone with .*=.* in model.narrow .*expected the same"):
        model_config(share_backbone=True, narrow=BackboneConfig())
    with pytest.raises(UserError, match=r"share_backbone without broad\.rgb"):
        override(presets.get("tiny-fa"), ["model.share_backbone=true", "model.narrow.depth=14"])
    with pytest.raises(UserError, match="heads=shared with embeddings of sizes"):
        make(model_config(heads="shared", narrow=BackboneConfig(depth=14, width=0.125)), presets.get("tiny-v").broad)


def test_a_network_without_shift_is_an_image_network():
    broad = BroadConfig(rgb=VideoViewConfig())
    towers = make(model_config(narrow=BackboneConfig(depth=14, width=0.0625, shift=0.0)), broad)
    clip = inputs()["narrow"]
    per_frame = tf.stack([towers.encoder(clip[:, t : t + 1]) for t in range(2)])
    np.testing.assert_allclose(towers.encoder(clip), tf.reduce_mean(per_frame, axis=0), atol=1e-5)
    with_shift = make(model_config(), broad)
    per_frame = tf.stack([with_shift.encoder(clip[:, t : t + 1]) for t in range(2)])
    assert np.abs(with_shift.encoder(clip) - tf.reduce_mean(per_frame, axis=0)).max() > 1e-4


@pytest.mark.parametrize("name", ["blur", "color", "grayscale", "random_convolution"])
def test_flow_takes_no_augmentation_of_colours(name):
    with pytest.raises(UserError, match=rf"flow\.augment\.{name}=0\.5; expected 0"):
        override(presets.get("tiny-f"), [f"broad.flow.augment.{name}=0.5"])
