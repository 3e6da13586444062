"""Whole conversions of small checkpoints."""

import contextlib
import io
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.cli.main import main
from brave_tf.convert import convert_checkpoint, to_haiku
from brave_tf.errors import UserError
from brave_tf.presets import released_checkpoints
from tests import golden_files, released_trees
from tests.convert.trees import brave, checkpoint, narrow_tree
from tests.storage.elsewhere import failing, new_place

pytestmark = pytest.mark.usefixtures("quick_verification")

VIDEO = np.random.default_rng(0).random((2, 3, 40, 33, 3), dtype=np.float32)


def test_a_narrow_tower_becomes_an_encoder_an_export_and_a_card(tmp_path):
    encoder = brave().encoder
    tree = to_haiku(encoder)
    tree["params"]["some_other_module/linear"] = {"w": np.zeros([2, 2], np.float32)}
    found = convert_checkpoint(checkpoint(tmp_path / "a.npy", tree), tmp_path / "out")
    assert found.passed_over == {"some_other_module": 1}
    expected = encoder(VIDEO).numpy()
    for path in (tmp_path / "out", tmp_path / "out/encoder.keras", tmp_path / "out/saved_model"):
        np.testing.assert_allclose(brave_tf.load_encoder(path)(VIDEO), expected, atol=1e-5)
    card = (tmp_path / "out/model_card.md").read_text()
    assert "`some_other_module` (1 arrays)" in card and "depth 14, width 0.0625" in card
    assert not (tmp_path / "out/brave.keras").exists()


@pytest.mark.parametrize("preset", [pytest.param("tiny-v", marks=pytest.mark.thorough), "tiny-va"])
def test_a_whole_tree_becomes_a_model_that_goes_on_training(tmp_path, preset):
    model = brave(preset, "model.heads=shared")
    settings = {
        "num_frames_narrow": np.int64(2),
        "step_narrow": np.array(3),
        "image_size_narrow": 32,
        "tsm_resnet_width_multiplier": 1,
    }
    settings |= {"num_frames_broad": 5, "step_broad": 5, "input_audio_sample_rate": 16_000}
    tree = to_haiku(model)
    tree["params"]["shared_project_1/projector/linear"] = {"w": np.zeros([2, 2], np.float32)}
    found = convert_checkpoint(checkpoint(tmp_path / "a.npy", tree, settings), tmp_path / "out")
    assert found.passed_over == {"shared_project_1": 1}
    loaded = keras.saving.load_model(tmp_path / "out/brave.keras")
    config = loaded.augment.config
    assert config.model.heads == "shared" and config.model.loss_scale == "released"
    assert (config.narrow.frames, config.narrow.step, config.narrow.size) == (2, 3, 32)
    for weight, copy in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(np.array(weight), np.array(copy), err_msg=weight.path)
    broad = (
        {"audio": tf.random.stateless_normal([4, 30, 80], [0, 1])}
        if preset == "tiny-va"
        else {"rgb": tf.random.stateless_uniform([4, 1, 2, 32, 32, 3], [0, 1])}
    )
    batch = {"narrow": tf.random.stateless_uniform([4, 2, 32, 32, 3], [0, 2]), "broad": broad}
    for each in (model, loaded):
        each.compile(optimizer=brave_tf.LARS(learning_rate=0.1))
    data = tf.data.Dataset.from_tensors(batch)
    ours, theirs = (each.fit(data, shuffle=False, verbose=0).history for each in (model, loaded))

    for name in ours:
        if "_to_" in name:
            assert 0.5 * ours[name][0] == pytest.approx(theirs[name][0], abs=1e-5)


def test_conversion_writes_nothing_when_the_file_is_bad(tmp_path):
    bad = tmp_path / "bad.npy"
    tree = narrow_tree()
    stem = next(module for module in tree["params"] if module.endswith("stem"))
    tree["params"][stem]["w"] = np.zeros([7, 7, 3, 8], np.float32)
    files = {
        "wrong width": checkpoint(tmp_path / "width.npy", tree),
        "other modules": checkpoint(tmp_path / "other.npy", {"params": {"resnet/conv": {}}, "state": {}}),
        "unusable config": checkpoint(tmp_path / "config.npy", narrow_tree(), {"num_frames_narrow": "many"}),
        "flat": checkpoint(tmp_path / "flat.npy", {"params": {"a": np.zeros(1)}, "state": {}}),
        "text": bad,
    }
    bad.write_text("hello")
    for what, file in files.items():
        with pytest.raises(UserError) as caught:
            convert_checkpoint(file, tmp_path / "deep" / "er" / "out")
        assert "\n" not in str(caught.value), what
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(file.name for file in files.values())


STEM = "narrow_video_embedding/TSMResNetV2/tsm_resnet_stem"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tree: tree.update(config=[1]), "a config that is a list"),
        (lambda tree: tree["params"].update({3: {}}), "'3' holds a dict"),
        (lambda tree: tree["params"].update({"x" * 10**6: None}), "'x{120}…' holds a NoneType"),
        (lambda tree: tree["params"].update(extra=None), "'extra' holds a NoneType"),
        (lambda tree: tree["params"][STEM].update(w=[[1.0], [2.0, 3.0]]), "tsm_resnet_stem/w is a list"),
        (lambda tree: tree["params"][STEM].update(w=np.zeros([7, 7, 0, 64], np.float32)), "expected .7, 7, 3, C."),
        (lambda tree: tree["params"][STEM].update(w=np.zeros([7, 7, 2, 4], np.float32)), "expected .7, 7, 3, C."),
        (lambda tree: tree["params"][STEM].update(w=np.zeros([0, 7, 3, 10**7], np.float32)), "C up to 256"),
    ],
)
def test_trees_of_anything_else_are_one_line(tmp_path, change, words):
    content = {**narrow_tree(), "config": {}}
    change(content)
    np.save(tmp_path / "a.npy", np.array(content, dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=words) as caught:
        convert_checkpoint(tmp_path / "a.npy", tmp_path / "out")
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["many", None, [1], (2, 2), {"a": 1}, np.zeros(3)])
def test_settings_that_are_no_numbers_are_one_line(tmp_path, value):
    file = checkpoint(tmp_path / "a.npy", narrow_tree(), {"num_frames_broad": value})
    with pytest.raises(UserError, match=r"unusable config: num_frames_broad is a \w+; expected a number"):
        convert_checkpoint(file, tmp_path / "out")


@pytest.mark.thorough
def test_a_checkpoint_without_config_is_converted(tmp_path):
    content = {**narrow_tree(), "config": None}
    np.save(tmp_path / "a.npy", np.array(content, dtype=object), allow_pickle=True)
    assert convert_checkpoint(tmp_path / "a.npy", tmp_path / "out").config.name == "released"


def test_the_narrow_tower_is_converted_when_the_rest_does_not_fit(tmp_path):
    tree = to_haiku(brave("tiny-v", "model.heads=shared"))
    broad = "broad_video_embedding/TSMResNetV2/tsm_resnet_stem"
    tree["params"][broad]["w"] = np.zeros([7, 7, 2, 4], np.float32)
    found = convert_checkpoint(checkpoint(tmp_path / "a.npy", tree), tmp_path / "out")
    assert found.towers == ("narrow_video_embedding/TSMResNetV2",)
    assert broad in found.not_whole and {"broad_video_embedding", "shared_project"} <= found.passed_over.keys()
    assert (tmp_path / "out/encoder.keras").is_file() and not (tmp_path / "out/brave.keras").exists()


@pytest.mark.slow
def test_a_whole_released_checkpoint_meets_the_goldens(tmp_path):
    golden = golden_files.load("networks")
    file = checkpoint(tmp_path / "a.npy", released_trees.filled("full_v_va_1x"))
    found = convert_checkpoint(file, tmp_path / "out")
    assert sorted(found.passed_over) == ["shared_project_1", "shared_project_2", "shared_project_3"]
    for path in (tmp_path / "out", tmp_path / "out/saved_model"):
        encoder = brave_tf.load_encoder(path)
        for clip in ("a", "b"):
            embedding = encoder(golden[f"tsm1x/video_{clip}"])
            np.testing.assert_allclose(embedding, golden[f"tsm1x/eval_embedding_{clip}"], atol=2e-5)
    model = keras.saving.load_model(tmp_path / "out/brave.keras")
    audio = model.broad_encoders["audio"](golden["audio/spec_a"])
    np.testing.assert_allclose(audio, golden["audio/eval_embedding"], atol=5e-5)


@pytest.mark.thorough
def test_a_published_name_is_not_taken_for_its_own_output(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "v-a-tsm50").mkdir()
    file = checkpoint(tmp_path / "fetched.npy", narrow_tree())
    monkeypatch.setattr("brave_tf.convert.released.download", lambda url, target, tell: shutil.copy(file, target))
    assert main(["convert", "v-a-tsm50", "--out", "out"]) == 0
    assert "| HMDB51 | 69.4 |" in (tmp_path / "out/model_card.md").read_text()
    assert main(["convert", str(tmp_path), "--out", "other"]) == 1
    assert "is a directory; expected a .npy checkpoint" in capsys.readouterr().err


def test_taken_directories_are_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="exists already"):
        convert_checkpoint(checkpoint(tmp_path / "a.npy", narrow_tree()), tmp_path / "out")


@pytest.mark.thorough
def test_checkpoint_and_output_may_lie_elsewhere(tmp_path):
    place = new_place()
    file = place / "a.npy"
    file.write_bytes(checkpoint(tmp_path / "a.npy", narrow_tree()).read_bytes())
    assert main(["convert", str(file), "--out", str(place / "out")]) == 0
    names = {path.name for path in (place / "out").iterdir()}
    assert names == {"encoder.keras", "model_card.md", "saved_model"}
    loaded = [brave_tf.load_encoder(f"{place}/out{part}")(VIDEO) for part in ("", "/saved_model")]
    np.testing.assert_allclose(*loaded, atol=1e-5)
    (place / "taken" / "other.txt").parent.mkdir()
    (place / "taken" / "other.txt").write_text("other")
    with pytest.raises(UserError, match=r"ram://.*/taken exists already"):
        convert_checkpoint(str(file), str(place / "taken"))
    with (
        failing(lambda name, path: name == "read"),
        pytest.raises(UserError, match=r"a\.npy cannot be read \(the service is busy; given up after 5 tries\)"),
    ):
        convert_checkpoint(str(file), str(place / "other"))


@pytest.mark.thorough
def test_command_converts(tmp_path, capsys):
    file = checkpoint(tmp_path / "a.npy", narrow_tree())
    assert main(["convert", str(file), "--out", str(tmp_path / "out")]) == 0
    first = capsys.readouterr().out
    assert "narrow_video_embedding" in first
    # The same again finds that nothing is left to do.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert main(["convert", str(file), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before
    other = checkpoint(tmp_path / "b.npy", narrow_tree(), {"num_frames_narrow": 8})
    assert main(["convert", str(other), "--out", str(tmp_path / "out")]) == 1
    assert "exists already" in capsys.readouterr().err


def test_published_names_say_when_they_cannot_be_fetched(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def fetch(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr("brave_tf.convert.released.download", fetch)
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["convert", "v-a-tsm50", "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "check the internet connection" in error and released_checkpoints["v-a-tsm50"].url in error
    assert main(["convert", "v-b-tsm50", "--out", str(tmp_path / "out")]) == 1
    assert "expected a .npy file, or one of: v-fa-tsm50" in capsys.readouterr().err
