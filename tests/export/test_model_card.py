"""The model card of an export: what it tells, and that its programs run as they are printed."""

import dataclasses
import inspect
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from brave_tf import presets
from brave_tf.cli.main import main
from brave_tf.config.values import override, to_dict
from brave_tf.encoders.card import card_of
from brave_tf.encoders.encoder import Encoder, save_encoder
from brave_tf.encoders.exported import FormatCheck, read_verification
from brave_tf.encoders.loading import load_encoder
from brave_tf.errors import UserError
from brave_tf.export import export_encoder
from brave_tf.export.card_text import cell, front_matter, license_of, table
from brave_tf.export.model_card import ModelCard, Told
from brave_tf.files import write_json
from brave_tf.models.backbones import narrow_backbone

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

CONFIG = override(presets.get("tiny-va"), ["steps=200", "model.narrow.depth=14", "model.narrow.width=0.0625"])


@pytest.fixture(scope="module")
def run(one_unit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "first"
    folder.mkdir()
    backbone = narrow_backbone(CONFIG.model)
    save_encoder(backbone, card_of(CONFIG, backbone, 200), folder / "encoder.keras")
    write_json(folder / "config.json", {"config": to_dict(CONFIG), "data": ["abc"]})
    write_json(folder / "summary.json", {"steps": 200})
    lines = [{"step": step, "loss": 4.0 - step / 100, "spread_audio": 0.9} for step in (50, 100, 200)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def write_report(folder, sha256, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        "protocol": "linear",
        "metric": "top1",
        "label": "label",
        "classes": 6,
        "mean": 0.875,
        "interval": [0.8194, 0.9306],
        "random_init": 0.2778,
        "chance": 1 / 6,
        "encoder": {"path": "runs/first", "sha256": sha256, "steps": 200},
        "dataset": {"path": "/home/somebody/secret/clips", "fingerprint": "abc", "notes": []},
        "tower": "narrow",
    }
    write_json(folder / "report.json", report | changes)
    return folder


@pytest.fixture(scope="module")
def exported(run, quick_verification, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    report = write_report(folder / "report", load_encoder(run).weights_sha256())
    told = Told(license="apache-2.0", trained_on="my | <b>clips</b>\nof spoons", data_license="mine", reports=[report])
    export_encoder(run, folder / "exported", formats=("savedmodel", "keras"), told=told)
    return folder / "exported"


def programs(card: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", card, re.DOTALL)


def run_programs(folder, monkeypatch) -> list[np.ndarray]:
    monkeypatch.chdir(folder)
    embeddings = []
    for program in programs((folder / "README.md").read_text()):
        names: dict = {}
        exec(compile(program, "README.md", "exec"), names)
        embeddings.append(np.asarray(names["embedding"]))
    return embeddings


def test_every_way_of_loading_runs_as_it_is_printed_and_embeds_alike(run, exported, monkeypatch):
    pytest.importorskip("tensorflow_hub")
    encoder = load_encoder(run)
    embeddings = run_programs(exported, monkeypatch)
    text = (exported / "README.md").read_text()
    ways = ("saving.load_model", "saved_model.load", "hub.load", "TFSMLayer", "brave_tf.load_encoder")
    assert len(embeddings) == len(ways) and all(way in text for way in ways)
    expected = encoder(np.random.default_rng(0).random([1, 8, 48, 48, 3], dtype="float32")).numpy()
    scale = np.abs(expected).max()
    for embedding in embeddings:
        np.testing.assert_allclose(embedding / scale, expected / scale, atol=1e-5)


@pytest.mark.thorough
def test_the_ways_of_an_encoder_of_sound_run_too(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow_hub")
    encoder = load_encoder("random:tiny-va", "audio")
    export_encoder(encoder, tmp_path / "out", formats=("savedmodel", "keras"))
    embeddings = run_programs(tmp_path / "out", monkeypatch)
    assert len(embeddings) == 5
    for embedding in embeddings:
        np.testing.assert_allclose(embedding, embeddings[0], atol=1e-5 * np.abs(embeddings[0]).max())
    text = (tmp_path / "out/README.md").read_text()
    assert "An encoder of sound, at random initialisation: it was not trained" in text
    assert "a log-mel spectrogram" in text and "None are told here." in text and "- audio" in text


@pytest.mark.thorough
def test_the_ways_of_onnx_and_litert_run_too(run, exported, tmp_path, monkeypatch):
    for package, extra in (("tf2onnx", "onnx"), ("onnxruntime", "onnx"), ("ai_edge_litert", "litert")):
        pytest.importorskip(package, reason=f'needs the extra: pip install "brave_tf[{extra}]"')
    export_encoder(run, tmp_path / "out", formats=("onnx", "litert"))
    *others, int8 = run_programs(tmp_path / "out", monkeypatch)
    (expected, *_) = run_programs(exported, monkeypatch)
    assert len(others) == 3
    for embedding, tolerance in zip(others, (1e-4, 1e-4, 1e-2), strict=True):
        np.testing.assert_allclose(embedding, expected, atol=tolerance * np.abs(expected).max())
    assert np.sum(int8 * expected) / np.linalg.norm(int8) / np.linalg.norm(expected) > 0.999
    text = (tmp_path / "out/README.md").read_text()
    assert "LiteRT, float16, clips of this shape only:" in text and "library_name: onnx" in text
    check = read_verification(tmp_path / "out").formats["onnx"]
    assert f"| onnx, opset 17 | {check.bytes / 1e6:.2f} MB | {check.error:.1e} | {check.cosine:.6f} |" in text


def test_a_card_tells_the_run_its_scores_and_what_its_maker_told(exported):
    text = (exported / "README.md").read_text()
    assert text.startswith("---\nlicense: apache-2.0\nlibrary_name: keras\n") and license_of(text) == "apache-2.0"
    for line in (
        "| trained on | my \\| \\<b\\>clips\\</b\\> of spoons |",
        "| licence of that data | mine |",
        "| trained | 200 steps of 16 clips |",
        "| network | TSMResNet, depth 14, width 0.0625 |",
        "| narrow | video | 1 | 1.92 s | 8 frames, 4.17 per second, 48 x 48 pixels |",
        "| audio | sound | 1 | 2 s | 200 x 80 log-mel, 16,000 Hz |",
        "| clips | linear | label, 6 classes | top-1 87.5 % | 81.9 % to 93.1 % | 27.8 % | 16.7 % |",
        "![loss and its terms](training_loss.png)",
        "## Intended use and limits",
        "@inproceedings{recasens2021broaden,",
    ):
        assert line in text, line
    assert "V ↔ A" in text and "somebody" not in text
    for name in ("training_loss.png", "training_spread.png"):
        assert (exported / name).read_bytes().startswith(b"\x89PNG")
    listed = read_verification(exported)
    assert {"README.md", "training_loss.png", "training_spread.png"} == set(listed.other_files)
    checks = listed.formats["keras"]
    assert f"| keras | {checks.bytes / 1e6:.2f} MB | {checks.error:.1e} |" in text


def test_the_same_command_again_brings_the_card_up_to_date_unless_it_was_edited(
    run, exported, tmp_path, capsys, monkeypatch
):
    kept = read_verification(exported).formats
    monkeypatch.setattr("brave_tf.export.saved_model.check_formats", lambda *args: {**kept})
    copy = shutil.copytree(exported, tmp_path / "exported")
    formats = ("savedmodel", "keras")
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    report = write_report(tmp_path / "report", load_encoder(run).weights_sha256())
    told = Told(license="apache-2.0", trained_on="my | <b>clips</b>\nof spoons", data_license="mine", reports=[report])
    export_encoder(run, copy, formats=formats, told=told)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before

    export_encoder(run, copy, formats=formats, told=dataclasses.replace(told, data_license="yours"))
    text = (copy / "README.md").read_text()
    assert "| licence of that data | yours |" in text
    assert read_verification(copy).formats == kept
    (copy / "README.md").write_text(text + "\nBy me.\n")
    capsys.readouterr()
    export_encoder(run, copy, formats=formats)
    assert (copy / "README.md").read_text() == text + "\nBy me.\n"
    assert "README.md was edited, and is left as it is" in capsys.readouterr().err
    (copy / "README.md").unlink()
    export_encoder(run, copy, formats=formats)
    assert "| licence of that data | not told |" in (copy / "README.md").read_text()


def test_what_is_wrong_with_a_card_is_found_before_anything_is_written(run, tmp_path):
    sha256 = load_encoder(run).weights_sha256()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/report.json").write_text("{")
    cases = {
        "whose weights are others than those of": Told(reports=[write_report(tmp_path / "other", "0" * 64)]),
        "report.json is damaged": Told(reports=[tmp_path / "broken"]),
        "is damaged; expected what `brave-tf evaluate`": Told(reports=[write_report(tmp_path / "b", sha256, mean="x")]),
        "cannot be read": Told(reports=[tmp_path / "nothing"]),
        "expected an identifier such as apache-2.0": Told(license="Do what you want\n"),
    }
    for words, told in cases.items():
        with pytest.raises(UserError, match=words) as caught:
            export_encoder(run, tmp_path / "out", told=told)
        assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_the_command_hands_on_what_is_told(monkeypatch, tmp_path, capsys):
    given = []
    check = {"bytes": 1, "error": 0.0, "latency_ms": 1.0, "keras_latency_ms": 1.0, "checked_with": "keras 3"}

    def export(*args, heads):
        given.extend([*args, heads])
        return {"formats": {"keras": check}}

    monkeypatch.setattr("brave_tf.export.saved_model.export_encoder", export)
    reports = [tmp_path / "a", tmp_path / "b"]
    words = ["--license", "mit", "--trained-on", "clips", "--data-license", "none"]
    words += [each for report in reports for each in ("--report", str(report))]
    assert main(["export", "run", "--out", str(tmp_path / "out"), *words]) == 0
    assert given[4:] == [Told("mit", "clips", "none", reports), False]


CHECK = FormatCheck({"encoder.onnx": ""}, 10, 0.0, 1.0, 2.0, 2.0, (1, 8, 48, 48, 3), "onnxruntime 1", {"opset": 17})
LITERT = dataclasses.replace(CHECK, files={"encoder_int8.tflite": ""}, facts={})


@pytest.mark.parametrize(
    ("formats", "file", "tags"),
    [
        ({"onnx": CHECK}, "encoder.onnx", ["onnx"]),
        ({"litert-int8": LITERT}, "encoder_int8.tflite", ["tflite"]),
        ({"onnx": CHECK, "litert-int8": LITERT}, "encoder.onnx", ["onnx", "tflite"]),
        ({"keras": LITERT}, None, ["keras"]),
    ],
)
def test_a_card_shows_only_what_works_with_the_formats_that_are_there(tiny_export, formats, file, tags):
    text = ModelCard(tiny_export.encoder, Told()).text(formats)
    assert re.findall("^- (.*)$", text, re.MULTILINE) == ["video", *tags]
    assert ("load_encoder" in text) == (file is None) and (", opset 17 |" in text) == ("onnx" in formats)
    if file is not None:
        (name,) = re.findall(r'`huggingface_hub\.hf_hub_download\("OWNER/NAME", "(.*?)"\)`', text)
        assert name == file and '`kagglehub.model_download("OWNER/MODEL/FRAMEWORK/VARIATION")`' in text


def test_the_functions_that_a_card_names_are_those_of_the_clients():
    hub = pytest.importorskip("huggingface_hub", reason='needs the extra: pip install "brave_tf[huggingface]"')
    inspect.signature(hub.hf_hub_download).bind("OWNER/NAME", "encoder.onnx")
    kaggle = pytest.importorskip("kagglehub", reason='needs the extra: pip install "brave_tf[kaggle]"')
    inspect.signature(kaggle.model_download).bind("OWNER/MODEL/FRAMEWORK/VARIATION")


@pytest.mark.parametrize(
    ("name", "steps", "words", "is_trained"),
    [
        ("runs/first", 200, ("by `brave_tf`", "learned from its data alone, without labels"), True),
        ("v-a-tsm50", 0, ("by the paper's authors", "learned from its data alone, without labels"), True),
        ("random:tiny-v", 0, ("it was not trained", "Its weights are\nrandom numbers"), False),
        ("baseline:pixels", 0, ("without weights: it was not trained", "has learned\nnothing"), False),
        ("mine", 0, ("does not know how it was trained", "whether at all, is not known here"), False),
    ],
)
def test_a_card_says_of_training_only_what_is_true_of_this_encoder(tiny_export, name, steps, words, is_trained):
    own = tiny_export.encoder
    card = dataclasses.replace(own.card, steps=steps)
    encoder = Encoder(own.model, card, Path(name), own.variables, own.trainable_variables)
    text = ModelCard(encoder, Told()).text({"onnx": CHECK})
    assert all(each in text for each in (*words, "has not been tested for finding or describing persons"))
    assert ("learned from its data" in text) == ("without labels with BraVe" in text) == is_trained
    assert ("- self-supervised-learning\n- brave\n" in text) == is_trained


def test_text_of_a_cell_stays_text():
    assert cell("a|b *c* [d](e) `f`") == "a\\|b \\*c\\* \\[d\\]\\(e\\) \\`f\\`".replace("\\(", "(").replace("\\)", ")")
    assert table(["x"], [["a\nb"]]) == "| x |\n| --- |\n| a b |"
    assert license_of(front_matter("", ["video"], "keras")) == "" == license_of("# A card")
    assert license_of("---\nlicense: 'mit'\n---\n") == "mit"
