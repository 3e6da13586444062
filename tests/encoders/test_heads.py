"""Heads of a whole model: the same from wherever they come, and what a search across modalities makes of them."""

import dataclasses
import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.config import BroadConfig
from brave_tf.embedding.across import query_across, query_projection, query_tower, rows_across, rows_projection
from brave_tf.embedding.exact import unit
from brave_tf.encoders.exported import HEADS_FILE, HEADS_FOLDER, FormatCheck, read_verification
from brave_tf.encoders.heads import Heads, load_heads, project, write_heads
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.losses import pair_losses
from brave_tf.storage import upload_tree
from tests.encoders.hubs import HuggingFaceHub, files_of, stand_in
from tests.encoders.test_from_run import TARGETS, THREE, trained
from tests.preparation.media_files import write_media
from tests.storage.elsewhere import new_place

pytestmark = pytest.mark.usefixtures("one_unit")

CHECKED = FormatCheck({}, 0, 0.0, 1.0, 1.0, 1.0, (1,), "nothing")
AUDIO = dataclasses.replace(THREE, broad=BroadConfig(audio=THREE.broad.audio), steps=150)


@pytest.fixture(scope="module")
def run(one_unit, tmp_path_factory):
    """An unfinished run with a checkpoint, and its model."""
    path = tmp_path_factory.mktemp("heads") / "run"
    return path, trained(path, AUDIO)


def outputs_of(model, tower, features):
    """What the model's own heads make of embeddings: z and h."""
    heads = model.towers.narrow_heads if tower == "narrow" else model.towers.broad_heads
    return [np.asarray(heads["audio"](features, training=False)[name]) for name in ("z", "h")]


def features_for(model, tower, count=5):
    encoder = model.encoder if tower == "narrow" else model.broad_encoders["audio"]
    return np.random.default_rng(1).random((count, encoder.output_shape[-1]), dtype=np.float32)


def test_heads_are_the_models_from_a_run_a_checkpoint_a_keras_file_and_a_folder(run, tmp_path, capsys):
    path, model = run
    model.save(tmp_path / "whole.keras")
    write_heads(load_heads(path), tmp_path / "exported" / HEADS_FOLDER)
    write_heads(load_heads(tmp_path / "exported"), tmp_path / "again")
    places = [path, path / "checkpoints/step-150", tmp_path / "whole.keras", tmp_path / "exported"]
    places += [tmp_path / "exported" / HEADS_FOLDER / HEADS_FILE, tmp_path / "again" / "encoder.keras"]
    for place in places:
        heads = load_heads(place)
        assert list(heads.weights_sha256) == ["narrow", "audio"], place
        for tower, other in (("narrow", "audio"), ("audio", "narrow")):
            own, _ = heads.between(tower, other)
            features = features_for(model, tower)
            for ours, theirs in zip(project(own, features), outputs_of(model, tower, features), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=str(place))
            assert load_encoder(heads.place, tower).weights_sha256() == heads.weights_sha256[tower], place
    capsys.readouterr()


def test_heads_are_loaded_from_wherever_encoders_are(run, tmp_path, monkeypatch):
    path, model = run
    write_heads(load_heads(path), tmp_path / "exported" / HEADS_FOLDER)
    content = files_of(tmp_path / "exported")
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    listed = {"formats": {"keras": {"files": digests}}}
    content["verification.json"] = json.dumps(listed).encode()
    hub = HuggingFaceHub(tmp_path / "hub", {"owner/name": {**content, "encoder.keras": b"", "README.md": b""}})
    stand_in(monkeypatch, "huggingface_hub", snapshot_download=hub.snapshot_download)
    stand_in(monkeypatch, "kagglehub", model_download=lambda handle: str(tmp_path / "exported"))
    there = new_place()
    upload_tree(tmp_path / "exported", there)
    places = [f"hf://owner/name{inside}" for inside in ("", "/heads", "/heads/heads.keras", "/heads/encoder.keras")]
    for place in (*places, "kaggle://owner/model/keras/x", str(there)):
        heads = load_heads(place)
        own, _ = heads.between("narrow", "audio")
        features = features_for(model, "narrow")
        for ours, theirs in zip(project(own, features), outputs_of(model, "narrow", features), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=place)
        assert load_encoder(heads.place, "audio").weights_sha256() == heads.weights_sha256["audio"], place
    assert set(hub.fetched) == content.keys()
    hub.repositories = {"owner/other": {"README.md": b""}, "owner/bad": content | {"heads/heads.keras": b"bad"}}
    with pytest.raises(UserError, match="hf://owner/other has no heads; expected a run directory"):
        load_heads("hf://owner/other")
    with pytest.raises(UserError, match=r"heads/heads.keras is not what verification.json lists"):
        load_heads("hf://owner/bad")


def test_the_score_across_modalities_is_the_loss_of_the_pair(run):
    _, model = run
    heads = load_heads(run[0])
    sound, pictures = features_for(model, "audio", 1), features_for(model, "narrow")
    towards_table, towards_query = heads.between("audio", "narrow")
    rows = rows_across(towards_query)(pictures)
    query = query_across(towards_table, sound)
    scores = unit(rows) @ unit(query)
    for row, score in zip(pictures, scores, strict=True):
        narrow = dict(zip(("z", "h"), outputs_of(model, "narrow", row[None]), strict=True))
        broad = dict(zip(("z", "h"), (each[:, None] for each in outputs_of(model, "audio", sound)), strict=True))
        loss = sum(float(term) for term in pair_losses(narrow, broad))
        assert score == pytest.approx(1 - loss / 4, abs=1e-5)
    both = heads.of("narrow")
    likeness = unit(rows_projection(both)(pictures)) @ unit(query_projection(both, pictures[:1]))
    z = unit(outputs_of(model, "narrow", pictures)[0])
    np.testing.assert_allclose(likeness, z @ z[0], atol=1e-5)


def test_a_shared_head_is_one(one_unit, tmp_path):
    trained(tmp_path / "shared", TARGETS)
    shared = load_heads(tmp_path / "shared")
    assert len(shared.of("narrow")) == 1
    write_heads(shared, tmp_path / "written")
    again = load_heads(tmp_path / "written")
    features = np.ones((1, load_encoder(tmp_path / "shared").embedding_size), np.float32)
    for ours, theirs in zip(
        project(again.narrow["audio"], features), project(shared.narrow["audio"], features), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.thorough
def test_without_a_predictor_the_prediction_is_the_projection(one_unit, tmp_path):
    plain = dataclasses.replace(AUDIO, model=dataclasses.replace(AUDIO.model, predictor=False))
    model = trained(tmp_path / "plain", plain)
    heads = load_heads(tmp_path / "plain")
    write_heads(heads, tmp_path / "written")
    for tower in ("narrow", "audio"):
        features = features_for(model, tower)
        z, h = outputs_of(model, tower, features)
        np.testing.assert_array_equal(z, h)
        for place in (heads, load_heads(tmp_path / "written")):
            for ours in project(place.of(tower)[0], features):
                np.testing.assert_allclose(ours, z, rtol=1e-4, atol=1e-5)


def test_towers_that_were_not_trained_with_each_other_are_one_line():
    def heads_of(*towers):
        return Heads(Path("runs/first"), dict.fromkeys(towers, "0f" * 32), {}, {})

    three = heads_of("narrow", "flow", "audio")
    assert query_tower(three, "narrow") == "audio" and query_tower(three, "flow") == "narrow"
    with pytest.raises(UserError, match="the towers flow and audio of runs/first never had to predict each other"):
        three.between("flow", "audio")
    with pytest.raises(UserError, match="has no tower rgb; it has narrow, flow, audio"):
        three.between("narrow", "rgb")
    with pytest.raises(UserError, match="runs/first has the towers narrow, rgb, and none of sound; expected"):
        query_tower(heads_of("narrow", "rgb"), "narrow")


def test_places_without_heads_are_one_line(run, tmp_path, capsys):
    path, _ = run
    load_encoder(path).model.save(tmp_path / "alone.keras")
    (tmp_path / "no.keras").write_bytes(b"no archive")
    shutil.copytree(path, tmp_path / "cleared")
    shutil.rmtree(tmp_path / "cleared/checkpoints")
    write_heads(load_heads(path), tmp_path / "bad")
    shutil.copy(tmp_path / "alone.keras", tmp_path / "bad" / HEADS_FILE)
    for name, message in (
        ("alone.keras", "alone.keras has no heads; expected a run directory with its checkpoints"),
        ("no.keras", "no.keras is not a readable .keras model"),
        ("absent", "absent does not exist; expected a run directory"),
        ("cleared", "cleared is a run that has no checkpoint"),
        ("bad", "heads.keras holds no heads, or damaged ones; export the run again with --heads"),
    ):
        with pytest.raises(UserError, match=message) as caught:
            load_heads(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_run_is_exported_with_heads_and_searched_across(run, tmp_path, monkeypatch, capsys):
    path, _ = run
    media = tmp_path / "media"
    for number in range(3):
        write_media(media / f"{number}.mp4", seconds=2.2, noise_seed=number, tone_hz=300.0 * (number + 1))
    monkeypatch.chdir(tmp_path)
    # What the formats embed is held elsewhere.
    monkeypatch.setattr("brave_tf.export.saved_model.check_formats", lambda *arguments: {"keras": CHECKED})
    assert main(["export", str(path), "--out", "exported", "--formats", "keras", "--heads"]) == 0
    assert sorted(each.name for each in (tmp_path / "exported/heads").iterdir()) == [
        "broad_audio.keras",
        "encoder.keras",
        "heads.keras",
    ]
    listed = read_verification(tmp_path / "exported").files
    assert {"heads/heads.keras", "heads/encoder.keras", "heads/broad_audio.keras"} < listed.keys()
    # The same command again finds it complete; another one does not.
    assert main(["export", str(path), "--out", "exported", "--formats", "keras", "--heads"]) == 0
    assert main(["export", str(path), "--out", "exported", "--formats", "keras"]) == 1
    assert "exported exists already" in capsys.readouterr().err
    brave_tf.embed("exported", media, out="pictures.parquet", workers=0)
    brave_tf.embed(path, media, out="sounds.parquet", tower="audio", workers=0)
    for table, words in (("pictures", "the sound of .* is compared with video"), ("sounds", "the video of .* is comp")):
        found = {}
        for place in (path, "exported"):
            found[place] = brave_tf.search(f"{table}.parquet", "media/1.mp4@0.5", encoder=place, cross=True, top=5)
            assert len(found[place]) > 2
            for ours, theirs in zip(found[place], found[path], strict=True):
                assert (ours.file, ours.start) == (theirs.file, theirs.start)
                assert ours.score == pytest.approx(theirs.score, abs=1e-4)
        said = capsys.readouterr().err
        assert re.search(words, said) and "left out" not in said
    # The table says where it was made, and so where its encoder is.
    monkeypatch.chdir("/")
    assert brave_tf.search(tmp_path / "pictures.parquet", media / "1.mp4", top=1)
    assert brave_tf.search(tmp_path / "pictures.parquet", media / "1.mp4", top=1, cross=True)
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    by_projection = brave_tf.search("pictures.parquet", "media/1.mp4", projections=True)
    assert "left out as the query itself" in capsys.readouterr().err and by_projection
    with pytest.raises(UserError, match=r"with the weights [0-9a-f]{12}….*received random:tiny-va with the weights"):
        brave_tf.search("pictures.parquet", "media/1.mp4", encoder="random:tiny-va", cross=True)


def test_heads_of_another_step_are_not_exported(run, tmp_path, capsys):
    path, _ = run
    encoder = load_encoder("random:tiny-va")
    other = dataclasses.replace(encoder.card, weights_sha256="0" * 64)
    changed = type(encoder)(encoder.model, other, path, encoder.variables, encoder.trainable_variables)
    with pytest.raises(UserError, match=r"the newest checkpoint in .* is of another step than"):
        brave_tf.export(changed, tmp_path / "exported", heads=True)
    assert not (tmp_path / "exported").exists()
