"""Encoders of runs that go on: the weights of the checkpoint, whichever tower, and one line for what is damaged."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config import BroadConfig, VideoViewConfig
from brave_tf.config.values import override
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.runs.directory import claimed
from brave_tf.training.build import make_model
from brave_tf.training.checkpoints import Checkpoints

pytestmark = pytest.mark.usefixtures("one_unit")

SMALL = ["steps=200", "model.hidden_size=8", "model.projection_size=4", "checkpoint_every=50", "seed=3"]
SMALL += [f"model.{view}.{key}" for view in ("narrow", "rgb", "flow", "audio") for key in ("depth=14", "width=0.0625")]
THREE = dataclasses.replace(
    override(presets.get("tiny-fa"), SMALL),
    broad=dataclasses.replace(presets.get("tiny-fa").broad, rgb=VideoViewConfig(frames=4, size=24)),
)
SHARED = dataclasses.replace(THREE, model=dataclasses.replace(THREE.model, share_backbone=True))
TARGETS = override(
    dataclasses.replace(THREE, broad=BroadConfig(audio=THREE.broad.audio)),
    ["model.target_momentum=0.9", "precision=bfloat16", "model.heads=shared"],
)


def trained(run, config, step=150):
    """A run with a checkpoint; and a model that training restored from it."""
    model = make_model(config)
    for number, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(number).random(weight.shape))
    model.counted_steps = step
    with claimed(run, config, ["abc"]):
        Checkpoints(run, model).save()
    again = make_model(override(config, ["seed=9"]))
    assert Checkpoints(run, again).restore() == step
    return again


@pytest.mark.parametrize("config", [THREE, SHARED, TARGETS], ids=["three", "shared", "targets"])
def test_every_tower_is_that_of_a_model_which_training_restores(config, tmp_path, capsys):
    model = trained(tmp_path, config)
    for path in (tmp_path, tmp_path / "checkpoints/step-00000150", tmp_path / "checkpoints/step-150"):
        for tower, backbone in {"narrow": model.encoder, **model.broad_encoders}.items():
            encoder = load_encoder(path, tower)
            pairs = zip(encoder.variables, backbone.variables, strict=True)
            assert all(np.array_equal(ours, theirs) for ours, theirs in pairs), (path, tower)
            assert encoder.card.steps == 150 and encoder.card.tower == tower and encoder.card.preset == config.name
        said = capsys.readouterr().err
        assert ("after step 150 of 200" in said) == (path == tmp_path)
    twin = load_encoder(tmp_path).random_twin()
    assert twin is not None and twin.card.steps == 0


@pytest.fixture(scope="module")
def audio_run(tmp_path_factory):
    run = tmp_path_factory.mktemp("audio") / "run"
    trained(run, dataclasses.replace(THREE, broad=BroadConfig(audio=THREE.broad.audio)))
    return run


@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_a_damaged_checkpoint_is_one_line_and_the_run_has_the_one_before(audio_run, tmp_path, capsys, name):
    run = tmp_path / "run"
    shutil.copytree(audio_run, run)
    newest = run / "checkpoints/step-00000200"
    shutil.copytree(run / "checkpoints/step-00000150", newest)
    os.truncate(newest / name, 64)
    with pytest.raises(UserError, match=r"step-00000200 is damaged or incomplete \(.*\); choose another") as caught:
        load_encoder(newest)
    assert "\n" not in str(caught.value)
    assert load_encoder(run).card.steps == 150
    said = capsys.readouterr().err
    assert "warning: " in said and "step-00000200 is damaged" in said and "after step 150 of 200" in said
    shutil.rmtree(run / "checkpoints/step-00000150")
    with pytest.raises(UserError, match="step-00000200 is damaged"):
        load_encoder(run)


def test_what_is_not_there_is_one_line(audio_run, tmp_path):
    with pytest.raises(UserError, match=r"received --tower flow; .* has the towers narrow, audio"):
        load_encoder(audio_run, "flow")
    with pytest.raises(UserError, match=r"step-7 does not exist"):
        load_encoder(audio_run / "checkpoints/step-7")
    elsewhere = tmp_path / "elsewhere/checkpoints/step-00000150"
    shutil.copytree(audio_run / "checkpoints/step-00000150", elsewhere)
    with pytest.raises(UserError, match=r"holds no config\.json; expected a run directory"):
        load_encoder(elsewhere)
    with (
        claimed(tmp_path / "new", THREE, ["abc"]),
        pytest.raises(UserError, match=r"no checkpoint yet; .* 50 steps"),
    ):
        load_encoder(tmp_path / "new")


def test_a_run_may_be_called_like_a_checkpoint(audio_run, tmp_path):
    shutil.copytree(audio_run, tmp_path / "step-5")
    assert load_encoder(tmp_path / "step-5").card.steps == 150
