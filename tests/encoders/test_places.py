"""Encoders of the Hugging Face Hub, of Kaggle, and of the paper's authors; never the network."""

import dataclasses
import hashlib
import importlib.util
import json
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import brave_tf
from brave_tf.convert import to_haiku
from brave_tf.convert.released import fetch_released
from brave_tf.encoders import loading
from brave_tf.encoders.card import EncoderCard, network_of, weights_sha256
from brave_tf.encoders.encoder import save_encoder
from brave_tf.encoders.hub_names import is_hub
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.files import locked
from brave_tf.presets import released_checkpoints
from brave_tf.storage import RemotePath
from tests.convert.trees import brave, checkpoint
from tests.encoders.hubs import COMMIT, HuggingFaceHub, files_of, stand_in
from tests.storage.web import serving

CLIPS = np.random.default_rng(0).random((2, 3, 8, 8, 3), dtype=np.float32)


def network(seed: int = 0) -> keras.Model:
    """Mean colours, and what a few weights make of them."""
    video = keras.Input((None, None, None, 3), name="video")
    mean = keras.layers.GlobalAveragePooling3D()(video)
    return keras.Model(
        video, keras.layers.Dense(5, kernel_initializer=keras.initializers.RandomNormal(seed=seed))(mean)
    )


def write_keras(folder: Path, model: keras.Model, **card: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    told = EncoderCard(network=network_of(model), weights_sha256=weights_sha256(model))
    save_encoder(model, dataclasses.replace(told, **card), folder / "encoder.keras")
    return folder


def write_saved_model(folder: Path) -> np.ndarray:
    weights = tf.Variable(np.random.default_rng(0).random((3, 5)), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, None, 3], tf.float32, name="video")])
    def video(video):
        return {"embedding": tf.reduce_mean(video, axis=[1, 2, 3]) @ weights}

    tf.saved_model.save(tf.train.Checkpoint(weights=weights), str(folder), signatures={"video": video})
    return CLIPS.mean(axis=(1, 2, 3)) @ weights.numpy()


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    return folder, write_saved_model(folder)


@pytest.fixture(autouse=True)
def _say_again():
    loading._note_once.cache_clear()


def hub(monkeypatch, tmp_path, repositories) -> HuggingFaceHub:
    fake = HuggingFaceHub(tmp_path / "hub", repositories)
    stand_in(monkeypatch, "huggingface_hub", snapshot_download=fake.snapshot_download)
    return fake


def kaggle(monkeypatch, download) -> None:
    stand_in(monkeypatch, "kagglehub", model_download=download)


@pytest.mark.parametrize(
    "place",
    [
        "hf://",
        "hf://owner",
        "hf://owner/",
        "hf:///name",
        "hf://../name",
        "hf://owner/..",
        "hf://owner/na..me",
        "hf://owner/name/../../x",
        "hf://owner/name//x",
        "hf://owner/name/",
        "hf://owner/name@",
        "hf://owner/name@../x",
        "hf://owner/name@refs%2F..",
        "hf://owner/na me",
        "hf://owner/näme",
        "hf://-owner/name",
        "hf://owner/name\n",
        "hf://owner/name\x1b[2J",
        "hf://datasets/owner/name",
        "kaggle://owner/model",
        "kaggle://owner/model/tensorFlow2",
        "kaggle://owner/model/tensorFlow2/variation/0",
        "kaggle://owner/model/tensorFlow2/variation/new",
        "kaggle://owner/model/tensorFlow2/variation/1/x",
        "kaggle://owner/../tensorFlow2/variation",
        "kaggle://owner//tensorFlow2/variation",
        "kaggle://owner/mo?del/tensorFlow2/variation",
    ],
)
def test_names_that_are_none_are_one_line_and_nothing_is_fetched(place, monkeypatch):
    for module in ("huggingface_hub", "kagglehub"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"received (hf|kaggle)://.*expected (hf|kaggle)://") as caught:
        load_encoder(place)
    assert str(caught.value).isprintable()
    assert is_hub(place)


@pytest.mark.parametrize(
    ("place", "extra"), [("hf://owner/name", "huggingface"), ("kaggle://owner/model/tensorFlow2/x", "kaggle")]
)
def test_a_client_that_is_not_installed_is_named_with_its_extra(place, extra, monkeypatch):
    for module in ("huggingface_hub", "kagglehub"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=rf'{place} needs .*: pip install "brave_tf\[{extra}\]"'):
        load_encoder(place)


def test_only_the_keras_file_of_a_model_on_the_hub_is_fetched(monkeypatch, tmp_path, capsys):
    model = network()
    content = files_of(write_keras(tmp_path / "mine", model, preset="mine"))
    others = {
        "saved_model.pb": b"a program",
        "variables/variables.index": b"",
        "README.md": b"# Mine",
        "pickle.bin": b"",
    }
    fake = hub(monkeypatch, tmp_path, {"owner/name": {**content, **others}})
    for place in ("hf://owner/name", RemotePath("hf://owner/name"), "hf://owner/name@v1.0"):
        encoder = load_encoder(place)
        np.testing.assert_allclose(encoder(CLIPS), model(CLIPS), atol=1e-6)
        assert str(encoder.path) == f"hf://owner/name@{COMMIT}" and encoder.card.preset == "mine"
    assert fake.fetched == ["encoder.keras"] and fake.revisions == [None, None, "v1.0"]
    assert "is a program" not in capsys.readouterr().err
    load_encoder("hf://owner/name@refs%2Fpr%2F1")
    assert fake.revisions[-1] == "refs/pr/1"


@pytest.mark.skipif(importlib.util.find_spec("huggingface_hub") is None, reason="huggingface_hub is not installed")
def test_the_clients_own_cache_serves_without_a_network(monkeypatch, tmp_path):
    from huggingface_hub import constants

    model = network()
    fake = HuggingFaceHub(tmp_path / "hub", {"owner/name": files_of(write_keras(tmp_path / "mine", model))})
    snapshot = Path(fake.snapshot_download("owner/name", allow_patterns=["*"]))
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(fake.cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    np.testing.assert_allclose(load_encoder("hf://owner/name")(CLIPS), model(CLIPS), atol=1e-6)
    with pytest.raises(UserError, match="hf://owner/other cannot be fetched"):
        load_encoder("hf://owner/other")


def test_a_folder_or_a_file_inside_a_model_on_the_hub(monkeypatch, tmp_path):
    model = network(1)
    content = {f"deep/er/{name}": data for name, data in files_of(write_keras(tmp_path / "mine", model)).items()}
    fake = hub(monkeypatch, tmp_path, {"owner/name": {**content, "encoder.keras": b"another"}})
    for inside in ("deep/er", "deep/er/encoder.keras"):
        encoder = load_encoder(f"hf://owner/name/{inside}")
        np.testing.assert_allclose(encoder(CLIPS), model(CLIPS), atol=1e-6)
        assert str(encoder.path) == f"hf://owner/name@{COMMIT}/{inside}"
    assert fake.fetched == ["deep/er/encoder.keras"]
    with pytest.raises(
        UserError, match=r"hf://owner/name/other holds no encoder; expected encoder.keras or saved_model"
    ):
        load_encoder("hf://owner/name/other")


def test_a_model_on_the_hub_without_a_keras_file_is_a_program(monkeypatch, tmp_path, saved_model, capsys):
    folder, expected = saved_model
    fake = hub(monkeypatch, tmp_path, {"owner/name": {**files_of(folder), "big.bin": b"x", "model.keras": b"x"}})
    np.testing.assert_allclose(load_encoder("hf://owner/name")(CLIPS), expected, rtol=1e-5)
    assert set(fake.fetched) == set(files_of(folder)) and "saved_model.pb" in fake.fetched
    assert capsys.readouterr().err.count("a SavedModel is a program") == 1


def test_the_tower_of_a_run_on_the_hub(monkeypatch, tmp_path):
    content = files_of(write_keras(tmp_path / "run", network()))
    spectrogram = keras.Input((None, 80))
    sound = keras.Model(spectrogram, keras.layers.GlobalAveragePooling1D()(spectrogram))
    card = EncoderCard("audio", "audio", weights_sha256=weights_sha256(sound))
    save_encoder(sound, card, tmp_path / "broad_audio.keras")
    content["broad_audio.keras"] = (tmp_path / "broad_audio.keras").read_bytes()
    hub(monkeypatch, tmp_path, {"owner/name": content})
    assert load_encoder("hf://owner/name").card.modality == "rgb"
    assert load_encoder("hf://owner/name", "broad").card.modality == "audio"
    with pytest.raises(UserError, match=r"--tower flow; hf://owner/name has the towers narrow, audio"):
        load_encoder("hf://owner/name", "flow")


def test_what_cannot_be_fetched_is_one_line(monkeypatch, tmp_path):
    hub(monkeypatch, tmp_path, {})
    with pytest.raises(
        UserError, match=r"hf://owner/nome cannot be fetched \(404 Client Error\); check its name"
    ) as no:
        load_encoder("hf://owner/nome")
    assert "\n" not in str(no.value)


def test_damage_is_found_by_every_hash_that_there_is(monkeypatch, tmp_path):
    folder = write_keras(tmp_path / "mine", network())
    fake = hub(monkeypatch, tmp_path, {"owner/name": files_of(folder)})
    load_encoder("hf://owner/name")
    (blob,) = (tmp_path / "hub").rglob("blobs/*")
    blob.write_bytes(blob.read_bytes()[:-1] + b"x")
    with pytest.raises(
        UserError, match=r"encoder.keras is damaged \(its hash is another than the Hub tells\); remove /"
    ):
        load_encoder("hf://owner/name")

    listed = {"formats": {"keras": {"files": {"encoder.keras": "0" * 64}}}}
    fake.repositories = {"owner/other": {**files_of(folder), "verification.json": json.dumps(listed).encode()}}
    with pytest.raises(UserError, match=r"encoder.keras is not what verification.json lists"):
        load_encoder("hf://owner/other")

    other = write_keras(tmp_path / "changed", network(), weights_sha256="0" * 64)
    fake.repositories = {"owner/changed": files_of(other)}
    with pytest.raises(UserError, match=r"is damaged: its weights are not those that its card tells"):
        load_encoder("hf://owner/changed")


@pytest.mark.parametrize("above", ["deep/er/", "deep/", ""])
def test_a_file_inside_an_export_on_the_hub_is_checked_by_its_list(above, monkeypatch, tmp_path):
    content = {"deep/er/encoder.keras": (write_keras(tmp_path, network()) / "encoder.keras").read_bytes()}
    listed = {"formats": {"keras": {"files": {"deep/er/encoder.keras".removeprefix(above): "0" * 64}}}}
    content[f"{above}verification.json"] = json.dumps(listed).encode()
    hub(monkeypatch, tmp_path, {"owner/name": content})
    for inside in ("deep/er", "deep/er/encoder.keras"):
        with pytest.raises(UserError, match=r"encoder.keras is not what verification.json lists"):
            load_encoder(f"hf://owner/name/{inside}")


def test_of_two_formats_in_a_folder_the_one_that_is_no_program_is_loaded(tmp_path, saved_model, capsys):
    folder = tmp_path / "both"
    shutil.copytree(saved_model[0], folder)
    model = network()
    write_keras(folder, model, tower="audio", modality="audio")
    encoder = load_encoder(folder)
    assert encoder.model is not None and "is a program" not in capsys.readouterr().err
    np.testing.assert_allclose(encoder.model(CLIPS), model(CLIPS), atol=1e-6)
    # The only one there is: its card tells which tower it is.
    assert load_encoder(folder, "audio").card.tower == "audio"
    with pytest.raises(UserError, match=r"--tower narrow; .* has the towers audio"):
        load_encoder(folder, "narrow")


@pytest.mark.parametrize("listed", ["[]", '{"formats": 3}', '{"formats": {"keras": {"files": {"../x": "0"}}}}', "{"])
def test_a_list_of_hashes_that_is_none_is_one_line(listed, monkeypatch, tmp_path):
    content = files_of(write_keras(tmp_path / "mine", network()))
    hub(monkeypatch, tmp_path, {"owner/name": {**content, "verification.json": listed.encode()}})
    with pytest.raises(UserError, match=r"verification.json (is damaged|lists '../x'; expected files within)"):
        load_encoder("hf://owner/name")


def test_small_files_are_checked_too(monkeypatch, tmp_path):
    hub(monkeypatch, tmp_path, {"owner/name": {"encoder.keras": b"short"}})
    with pytest.raises(UserError, match=r"not a readable .keras model"):
        load_encoder("hf://owner/name")
    (blob,) = (tmp_path / "hub").rglob("blobs/*")
    blob.write_bytes(b"other")
    with pytest.raises(UserError, match="its hash is another than the Hub tells"):
        load_encoder("hf://owner/name")


def test_links_that_lead_out_of_the_cache_are_refused(monkeypatch, tmp_path, saved_model):
    folder = write_keras(tmp_path / "elsewhere", network())
    fake = hub(monkeypatch, tmp_path, {"owner/name": {}})
    snapshot = Path(fake.snapshot_download("owner/name", allow_patterns=[]))
    (snapshot / "encoder.keras").symlink_to(folder / "encoder.keras")
    (snapshot / "inside").symlink_to(folder)
    for place in ("hf://owner/name", "hf://owner/name/inside", "hf://owner/name/inside/encoder.keras"):
        with pytest.raises(
            UserError, match=r"is a link that leads to .*elsewhere.*, out of .*hub; expected files of its"
        ):
            load_encoder(place)

    version = tmp_path / "models/owner/model/tensorFlow2/x/1"
    version.parent.mkdir(parents=True)
    version.symlink_to(saved_model[0])
    kaggle(monkeypatch, lambda handle: str(version))
    # All of it lies elsewhere: that is how Kaggle's notebooks hold what is attached to them.
    load_encoder("kaggle://owner/model/tensorFlow2/x")
    version.unlink()
    version.mkdir()
    (version / "saved_model.pb").write_bytes((saved_model[0] / "saved_model.pb").read_bytes())
    (version / "variables").symlink_to(saved_model[0] / "variables")
    with pytest.raises(UserError, match=r"variables is a link that leads to .*saved.*; expected files of its own"):
        load_encoder("kaggle://owner/model/tensorFlow2/x")


def test_a_variation_on_kaggle(monkeypatch, tmp_path, saved_model, capsys):
    asked = []

    def model_download(handle):
        asked.append(handle)
        return str(folders[handle])

    folders = {"owner/model/tensorFlow2/x": tmp_path / "cache/3", "owner/model/keras/y/2": tmp_path / "cache/2"}
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/3").symlink_to(saved_model[0])
    write_keras(tmp_path / "cache/2", network(), preset="mine")
    (tmp_path / "cache/2/saved_model.pb").write_bytes(b"a program")
    kaggle(monkeypatch, model_download)
    encoder = load_encoder("kaggle://owner/model/keras/y/2")
    assert encoder.card.preset == "mine" and str(encoder.path) == "kaggle://owner/model/keras/y/2"
    assert "is a program" not in capsys.readouterr().err
    encoder = load_encoder("kaggle://owner/model/tensorFlow2/x")
    np.testing.assert_allclose(encoder(CLIPS), saved_model[1], rtol=1e-5)
    assert str(encoder.path) == "kaggle://owner/model/tensorFlow2/x/3" and asked == [*folders][::-1]
    assert "a SavedModel is a program" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("kagglehub") is None, reason="kagglehub is not installed")
def test_an_archive_that_writes_outside_is_one_line(monkeypatch, tmp_path):
    from kagglehub.http_resolver import _extract_archive

    (tmp_path / "evil").write_text("evil")
    with tarfile.open(tmp_path / "archive", "w") as archive:
        archive.add(tmp_path / "evil", "../../outside/evil")

    def model_download(handle):
        _extract_archive(str(tmp_path / "archive"), str(tmp_path / "a/b/1"))

    kaggle(monkeypatch, model_download)
    with pytest.raises(UserError, match=r"cannot be fetched \('../../outside/evil' would be extracted to .* outside"):
        load_encoder("kaggle://owner/model/tensorFlow2/x")
    assert not list(tmp_path.rglob("outside"))


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/evil.txt", "assets/../../evil.txt", "a\\..\\evil.txt"])
def test_a_keras_file_that_writes_outside_is_one_line(name, tmp_path):
    folder = write_keras(tmp_path / "deep/mine", network())
    with zipfile.ZipFile(folder / "encoder.keras", "a") as archive:
        archive.writestr(name, "evil")
    with pytest.raises(UserError, match=r"would write outside its own folder .*do not trust it"):
        load_encoder(folder / "encoder.keras")


def rewritten(source: Path, entry: str, content: bytes) -> Path:
    """A `.keras` file with something else as one of its entries."""
    target = source.with_name("other.keras")
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            after.writestr(name, content if name == entry else before.read(name))
    return target


@pytest.mark.parametrize(
    "content", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900], ids=["lists", "objects"]
)
def test_a_keras_file_that_is_nested_too_deeply_is_one_line(content, tmp_path):
    file = write_keras(tmp_path, network()) / "encoder.keras"
    # From Python 3.12 on, 900 levels are read, and Keras says what it misses in them.
    reason = "(its description is nested too|Expected object to be an instance)"
    with pytest.raises(UserError, match=rf"^\S*other.keras is not a readable .keras model: {reason}.*$"):
        load_encoder(rewritten(file, "config.json", content))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(8, 1, r"is encrypted \(.*\); expected"), (10, 99, "is not a readable .keras model: That compression method")],
)
def test_a_keras_file_of_another_kind_of_archive_is_one_line(place, value, message, tmp_path):
    file = write_keras(tmp_path, network()) / "encoder.keras"
    content, entry = bytearray(file.read_bytes()), b"PK\x01\x02"
    for part in content.split(entry)[1:]:
        start = content.index(entry + part[:40])
        content[start + place] = value
    file.write_bytes(content)
    with pytest.raises(UserError, match=f"encoder.keras {message}"):
        load_encoder(file)


@pytest.mark.parametrize("damage", ["no variables", "no data"])
def test_a_saved_model_that_is_not_whole_is_one_line(damage, saved_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(saved_model[0], folder)
    if damage == "no variables":
        shutil.rmtree(folder / "variables")
    else:
        next(folder.glob("variables/*.data*")).write_bytes(b"")
    with pytest.raises(
        UserError, match=r"model is not a (whole SavedModel: it has no|readable SavedModel: )"
    ) as caught:
        load_encoder(folder)
    assert str(caught.value).isprintable() and "copy or export" in str(caught.value)


def test_a_saved_model_that_is_a_link_says_what_is_loaded(tmp_path, saved_model, capsys):
    (tmp_path / "linked").symlink_to(saved_model[0])
    load_encoder(tmp_path / "linked")
    assert f"{tmp_path}/linked is a link: what is loaded is {saved_model[0]}\n" in capsys.readouterr().err
    (tmp_path / "parts").mkdir()
    for part in saved_model[0].iterdir():
        (tmp_path / "parts" / part.name).symlink_to(part)
    load_encoder(tmp_path / "parts")
    said = [line for line in capsys.readouterr().err.splitlines() if "is a link" in line]
    assert len(said) == 1 and "more: what is loaded is" in said[0]
    load_encoder(saved_model[0])
    assert "is a link" not in capsys.readouterr().err


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A server of a small checkpoint in place of the published `v-a-tsm50`; and its model."""
    model = brave("tiny-va", "model.heads=shared")
    file = checkpoint(tmp_path / "released.npy", to_haiku(model))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving(file.read_bytes()) as web:
        told = dataclasses.replace(released_checkpoints["v-a-tsm50"], url=web.url)
        monkeypatch.setitem(released_checkpoints, "v-a-tsm50", told)
        yield web, model


def test_a_published_checkpoint_is_fetched_and_converted_once(published, monkeypatch, tmp_path, capsys):
    web, model = published
    web.breaks_after = 0
    with pytest.raises(UserError, match=r"v-a-tsm50 cannot be fetched from http.* \(the connection was lost after 0 "):
        load_encoder("v-a-tsm50")
    web.breaks_after = len(web.content) // 2 + 1
    encoder = load_encoder("v-a-tsm50")
    assert not capsys.readouterr().out
    assert web.asked == [None, None, f"bytes={web.breaks_after}-"]
    np.testing.assert_allclose(encoder(CLIPS), model.encoder(CLIPS), atol=1e-5)
    assert str(encoder.path) == "v-a-tsm50" == encoder.card.preset
    cache = tmp_path / "cache/brave_tf/released"
    (folder,) = [path for path in cache.iterdir() if path.is_dir()]
    assert folder.name == hashlib.sha256(web.content).hexdigest()
    assert (cache / "file.npy.sha256").read_text() == f"{folder.name}  file.npy\n"
    for lock in cache.glob("*.lock"):
        lock.unlink()
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    sound = load_encoder("v-a-tsm50", "audio")
    assert sound.card.modality == "audio"
    # Who only reads a finished entry writes nothing, not even a lock.
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    assert len(web.asked) == 3
    with pytest.raises(UserError, match=r"v-b-tsm50 does not exist"):
        load_encoder("v-b-tsm50")
    # A path of that name comes first.
    monkeypatch.chdir(write_keras(tmp_path / "here/v-a-tsm50", network(), preset="mine").parent)
    assert brave_tf.load_encoder("v-a-tsm50").card.preset == "mine"


def test_a_cached_checkpoint_that_was_changed_is_noticed(published, tmp_path):
    web, _ = published
    file, digest = fetch_released("v-a-tsm50")
    assert digest == hashlib.sha256(web.content).hexdigest()
    file.write_bytes(web.content[:-1])
    with pytest.raises(UserError, match=rf"file.npy is not what was fetched as v-a-tsm50 .*it was {digest}\); remove"):
        fetch_released("v-a-tsm50")
    # Without it, it is fetched anew, whatever it is now; one from before hashes were kept gets its own.
    file.unlink()
    web.content = b"newer"
    assert fetch_released("v-a-tsm50")[1] == hashlib.sha256(b"newer").hexdigest()
    file.with_name("file.npy.sha256").unlink()
    fetch_released("v-a-tsm50")
    assert len(file.with_name("file.npy.sha256").read_text().split()[0]) == 64
    file.unlink()
    with (
        locked(file.with_name("file.npy.lock")),
        pytest.raises(UserError, match="another process is fetching v-a-tsm50"),
    ):
        fetch_released("v-a-tsm50")
