"""A run on storage elsewhere, whatever happens to it, ends as one on this machine does; and what comes after it."""

import contextlib
import json

import keras
import numpy as np
import pytest

from brave_tf import presets
from brave_tf.commands import evaluate, export, prepare, pretrain
from brave_tf.config.values import override
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.runs.metrics import read_metrics
from brave_tf.runs.record import read_run
from brave_tf.storage import gfile, is_remote
from brave_tf.training.interruption import StopOnSignal
from tests.preparation.media_files import write_media
from tests.storage.elsewhere import every_other_time, failing, new_place

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

SMALL = [
    *["batch_size=4", "narrow.size=32", "narrow.frames=2", "log_every=1", "checkpoint_every=2", "steps=6"],
    *["optimizer.name=adam", "optimizer.warmup_steps=2", "model.hidden_size=16", "model.projection_size=8"],
    *["model.narrow.depth=14", "model.narrow.width=0.0625", "model.audio.width=0.0625", "broad.audio.seconds=0.5"],
    *["monitor.probe_every=0", "keep_checkpoints=2"],
]
VIDEO = np.random.default_rng(0).random((1, 2, 32, 32, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def config():
    return override(presets.get("tiny-va"), SMALL)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """The same dataset here and elsewhere."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(8):
        write_media(folder / "ab"[number % 2] / f"{number}.mp4", seconds=1.0, tone_hz=300 + 100 * number)
    places = (tmp_path_factory.mktemp("out") / "d", new_place() / "d")
    return [prepare(folder, str(place), workers=0, split="train=0.5,test=0.5").path for place in places]


@pytest.fixture(scope="module")
def whole(one_unit, config, dataset, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "whole"
    return run, pretrain(config, dataset[:1], run)


@contextlib.contextmanager
def killed_while_sending(place):
    """Ends the process, as far as its run can tell, when it begins to send a file."""
    write = gfile.write

    def send(path, *arguments):
        if path == str(place):
            raise KeyboardInterrupt
        write(path, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gfile, "write", send)
        yield


@contextlib.contextmanager
def stopped_after(step):
    def stop(self, batch, logs=None):
        if self.model.counted_steps == step:
            raise UserError("it learns nothing any more")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StopOnSignal, "on_train_batch_end", stop)
        yield


@pytest.fixture(scope="module")
def run(config, dataset, whole):
    """A run that was killed while a checkpoint was sent, and stopped, and ended on a service that was busy."""
    run = new_place() / "run"
    with (
        killed_while_sending(run / "checkpoints" / "step-00000004" / "variables.index"),
        pytest.raises(KeyboardInterrupt),
    ):
        pretrain(config, dataset[1:], str(run))
    assert (run / "checkpoints" / "step-00000004" / "variables.data-00000-of-00001").is_file()
    assert logged(run) == [1, 2, 3, 4] and load_encoder(run).card.steps == 2
    with stopped_after(3), pytest.raises(UserError, match="learns nothing"):
        pretrain(config, dataset[1:], str(run))
    # What it logged last says why.
    assert logged(run) == [1, 2, 3] and read_run(run).state == "unfinished"
    with failing(every_other_time()) as failed:
        summary = pretrain(config, dataset[1:], str(run))
    assert failed
    return run, summary


def logged(run):
    return [line["step"] for line in read_metrics(run).lines]


@pytest.mark.thorough
def test_it_ends_with_the_weights_of_an_undisturbed_one_here(run, whole, config, dataset):
    path, summary = run
    here, expected = whole
    assert summary["weights_sha256"] == expected["weights_sha256"]
    assert summary["encoder_sha256"] == expected["encoder_sha256"]
    assert json.loads((path / "summary.json").read_text()) == summary == pretrain(config, dataset[1:], str(path))
    losses = [[(line["step"], line["loss"]) for line in read_metrics(place).lines] for place in (path, here)]
    assert losses[0] == losses[1]
    assert {entry.name for entry in path.iterdir()} == {entry.name for entry in here.iterdir()}
    steps = {entry.name for entry in (path / "checkpoints").iterdir()}
    assert steps == {entry.name for entry in (here / "checkpoints").iterdir()}
    assert len(list((path / "tensorboard").glob("events*"))) == 3


@pytest.mark.thorough
def test_its_encoders_are_loaded_from_there(run, whole):
    expected = load_encoder(whole[0])(VIDEO).numpy()
    for place in ("", "encoder.keras"):
        loaded = load_encoder(str(run[0] / place) if place else run[0])
        np.testing.assert_array_equal(loaded(VIDEO), expected)
        assert is_remote(loaded.path) and loaded.card.steps == 6
    np.testing.assert_array_equal(load_encoder(f"{run[0]}/checkpoints/step-6")(VIDEO), expected)
    assert load_encoder(str(run[0]), "audio").card.tower == "audio"
    with pytest.raises(UserError, match=r"ram://.*/absent does not exist; expected a run directory"):
        load_encoder(f"{run[0]}/absent")
    with (
        failing(lambda name, path: name == "read" and path.endswith(".index")),
        pytest.raises(UserError, match=r"step-6 cannot be read \(the service is busy; given up after 5 tries\)"),
    ):
        load_encoder(f"{run[0]}/checkpoints/step-6")


@pytest.mark.thorough
def test_it_is_exported_there_whole_or_not_at_all(run, whole):
    out = new_place() / "exported"
    with (
        failing(lambda name, path: name == "write" and path.endswith("saved_model.pb")),
        pytest.raises(OSError, match="given up"),
    ):
        export(str(run[0]), str(out))
    with pytest.raises(UserError, match="was cut off while it was sent; run the command"):
        load_encoder(str(out))
    found = export(str(run[0]), str(out), formats=("savedmodel", "keras"))
    assert max(found["errors"].values()) < 1e-4
    expected = load_encoder(whole[0])(VIDEO).numpy()
    for place in (out, out / "encoder.keras"):
        np.testing.assert_allclose(load_encoder(str(place))(VIDEO), expected, atol=1e-5)
    names = {"assets.extra", "brave_tf.json", "encoder.keras", "fingerprint.pb", "saved_model.pb", "variables"}
    names |= {"verification.json", "README.md", "training_loss.png", "training_spread.png"}
    assert {path.name for path in out.iterdir()} == names
    assert export(str(run[0]), str(out), formats=("savedmodel", "keras"))["formats"].keys() == {"savedmodel", "keras"}
    with pytest.raises(UserError, match=r"ram://.* exists already; choose another --out"):
        export(str(run[0]), str(out))


@pytest.mark.thorough
def test_its_evaluation_is_written_there(run, dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    out = new_place() / "report"
    view = {"size": 32, "shorter_side": 32, "frames": 1, "windows": 1, "crops": 1, "epochs": 1}
    settings = {"protocol": "knn", "view": view, "random_init": False}
    report = evaluate(str(run[0]), str(dataset[1]), str(out), **settings)
    assert f"features are kept in {tmp_path / 'brave_tf' / 'features'}" in capsys.readouterr().err.replace("\n", " ")
    assert json.loads((out / "report.json").read_text()) == report
    assert report["encoder"]["path"] == str(run[0])
    assert "<title>" in (out / "report.html").read_text()
    assert list((tmp_path / "brave_tf" / "features").glob("*/features.npy"))
    with pytest.raises(UserError, match=r"received --cache ram://x; features are kept on this machine"):
        evaluate(str(run[0]), str(dataset[1]), str(out), cache="ram://x", **settings)


@pytest.mark.thorough
def test_a_stock_file_is_found_by_keras_alone(run, tmp_path):
    (tmp_path / "encoder.keras").write_bytes((run[0] / "encoder.keras").read_bytes())
    assert keras.saving.load_model(tmp_path / "encoder.keras").output_shape == (None, 16)
