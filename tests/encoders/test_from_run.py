"""Encoders of runs that go on: the weights of the checkpoint, whichever tower, and one line for what is damaged."""

import dataclasses
import os
import shutil

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.config import BroadConfig, VideoViewConfig
from brave_tf.config.values import override
from brave_tf.encoders.encoder import save_towers
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.runs.directory import claimed, write_summary
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


def saved_at(run, config, *steps):
    """A run with checkpoints of several steps; what each holds begins with its step."""
    model = make_model(config)
    for step in steps:
        for weight in model.weights:
            weight.assign(np.full(weight.shape, step))
        model.counted_steps = step
        with claimed(run, config, ["abc"]):
            Checkpoints(run, model).save()


def test_any_kept_checkpoint_of_a_run_is_opened_by_its_step(tmp_path):
    saved_at(tmp_path, THREE, 50, 100, 150)
    for step in (50, 100, 150):
        for tower in ("narrow", "rgb", "flow", "audio"):
            encoder = load_encoder(tmp_path, tower, step=step)
            assert (encoder.card.steps, encoder.card.tower) == (step, tower)
            assert all(np.all(variable.numpy() == step) for variable in encoder.variables)


def test_a_step_that_is_not_kept_is_one_line_with_those_that_are(audio_run, tmp_path):
    saved_at(tmp_path / "run", THREE, 50, 100, 150)
    kept = r"keeps the checkpoints of steps 50, 100 and 150$"
    with pytest.raises(UserError, match=rf"received step=7; expected one that is kept: \S*run {kept}"):
        load_encoder(tmp_path / "run", step=7)
    with pytest.raises(UserError, match=rf"step-7 does not exist; expected one that is kept: \S*run {kept}"):
        load_encoder(tmp_path / "run/checkpoints/step-7")
    with pytest.raises(UserError, match=r"keeps the checkpoint of step 150$"):
        load_encoder(audio_run, step=200)
    with (
        claimed(tmp_path / "new", THREE, ["abc"]),
        pytest.raises(UserError, match=r"step=0; expected one that is kept: \S*new keeps no checkpoint"),
    ):
        load_encoder(tmp_path / "new", step=0)
    for place in ("random:tiny", "hf://owner/name", tmp_path, load_encoder("random:tiny")):
        with pytest.raises(UserError, match=r"expected a run directory, which (holds its|keeps) checkpoints"):
            load_encoder(place, step=5)


def test_a_finished_run_is_its_last_step(audio_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(audio_run, run)
    encoder = load_encoder(run)
    save_towers({"narrow": encoder.model}, {"narrow": dataclasses.replace(encoder.card, steps=200)}, run)
    write_summary(run, {"steps": 200})
    assert load_encoder(run, step=200).path == run / "encoder.keras" and load_encoder(run, step=150).card.steps == 150


def test_a_run_may_be_called_like_a_checkpoint(audio_run, tmp_path):
    shutil.copytree(audio_run, tmp_path / "step-5")
    assert load_encoder(tmp_path / "step-5").card.steps == 150
