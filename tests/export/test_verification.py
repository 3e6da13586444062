"""`verification.json`: what an export says of its files, and how it did."""

import dataclasses
import hashlib
import json
import shutil
import subprocess
from unittest import mock

import keras
import numpy as np
import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.config import EvaluationConfig
from brave_tf.encoders.card import EncoderCard
from brave_tf.encoders.checksums import sha256_of_files
from brave_tf.encoders.exported import (
    VERIFICATION_FILE,
    FormatCheck,
    check_listed,
    read_verification,
    write_verification,
)
from brave_tf.errors import UserError
from brave_tf.export import checker, export_encoder, verify
from brave_tf.export.formats import FORMATS, check_formats
from brave_tf.export.verify import examples_of

pytestmark = pytest.mark.usefixtures("one_unit", "quick_verification")

CHECK = FormatCheck({}, 3, 0.0, 1.0, 2.5, 2.0, (1, 8, 48, 48, 3), "keras 3.15.1", {"loader": "keras"})


def test_every_file_is_listed_with_its_hash_and_every_format_with_how_it_did(tiny_export):
    found, folder = tiny_export.found, tiny_export.folder
    listed = json.loads((folder / VERIFICATION_FILE).read_text())
    assert listed["formats"].keys() >= {"savedmodel", "keras"} and list(listed["other_files"]) == ["README.md"]
    for name in ("savedmodel", "keras"):
        check = listed["formats"][name]
        assert 0 <= check["error"] < 1e-4 and check["cosine"] == pytest.approx(1, abs=1e-6)
        assert check["checked_with"].startswith(("tensorflow", "keras"))
    for name, check in listed["formats"].items():
        assert check["latency_ms"] > 0 and check["keras_latency_ms"] > 0
        assert check["input_shape"] == [1, 8, 48, 48, 3]
        own = [folder / each for each in check["files"] if each != "brave_tf.json"]
        assert check["bytes"] == sum(file.stat().st_size for file in own) > 10_000
        assert found["formats"][name]["files"] == check["files"]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    del files[VERIFICATION_FILE]
    assert read_verification(folder).files == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()
    }


def test_the_command_prints_a_row_for_each_format(tmp_path, capsys):
    assert main(["export", "random:tiny-v", "--out", str(tmp_path / "out"), "--formats", "keras"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "keras " in line]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[0] == "keras" and cells[-1].startswith("keras 3.")
    assert [cell.split()[-1] for cell in (cells[1], cells[3], cells[4])] == ["MB", "ms", "ms"]
    assert float(cells[2]) < 1e-4


def test_what_belongs_to_no_format_is_listed_too(tmp_path):
    (tmp_path / "README.md").write_text("read me")
    write_verification(tmp_path, "1234", {"keras": CHECK})
    found = read_verification(tmp_path)
    assert found.other_files == {"README.md": hashlib.sha256(b"read me").hexdigest()}
    assert found.formats == {"keras": CHECK} and found.weights_sha256 == "1234"


def test_an_export_whose_files_changed_is_not_what_was_verified(tiny_export, tmp_path):
    copy = shutil.copytree(tiny_export.folder, tmp_path / "exported")
    with (copy / "encoder.keras").open("ab") as file:
        file.write(b"more")
    with pytest.raises(UserError, match=r"is not as it was verified: encoder\.keras differ"):
        export_encoder(tiny_export.encoder, copy, formats=tiny_export.formats)


def test_an_export_of_an_earlier_version_gets_its_verification(tiny_export, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("brave_tf.json", "encoder.keras"):
        shutil.copy(tiny_export.folder / name, tmp_path / "out")
    export_encoder(tiny_export.encoder, tmp_path / "out", formats="keras")
    found = read_verification(tmp_path / "out")
    assert found.formats["keras"].files == tiny_export.found["formats"]["keras"]["files"]
    assert list(found.formats) == ["keras"] and list(found.other_files) == ["README.md"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "has no verification.json"),
        ("[]", "is damaged"),
        ('{"weights_sha256": "", "formats": {}, "other_files": {"a/../../b": "0"}}', "outside the directory"),
        ('{"weights_sha256": "", "formats": {}, "other_files": {"/etc/passwd": "0"}}', "outside the directory"),
        ('{"formats": ' + "[" * 100_000, "is damaged"),
        ('{"formats": {}, "more": ' + "[" * 100_000 + "]" * 100_000 + "}", "is damaged"),
    ],
)
def test_a_verification_that_cannot_be_used_is_one_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / VERIFICATION_FILE).write_text(content)
    with pytest.raises(UserError, match=words) as caught:
        read_verification(tmp_path)
    assert "\n" not in str(caught.value)
    if content is None:
        check_listed(tmp_path, "hf://owner/name")
    else:
        with pytest.raises(UserError, match=words):
            check_listed(tmp_path, "hf://owner/name")


def test_whoever_loads_an_export_checks_every_file_of_it_but_the_card_that_people_edit(tmp_path):
    for name in ("encoder.keras", "brave_tf.json", "README.md", "heads/heads.keras"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    check = dataclasses.replace(CHECK, files=sha256_of_files(tmp_path, ["encoder.keras", "brave_tf.json"]))
    write_verification(tmp_path, "1234", {"keras": check})
    listed = json.loads((tmp_path / VERIFICATION_FILE).read_text())
    # As a later version may write it.
    listed["formats"]["keras"]["more"] = listed["more"] = 3
    (tmp_path / VERIFICATION_FILE).write_text(json.dumps(listed))
    (tmp_path / "README.md").write_text("edited")
    (tmp_path / "encoder.keras").unlink()
    check_listed(tmp_path, "hf://owner/name")
    (tmp_path / "heads/heads.keras").write_text("other")
    with pytest.raises(UserError, match=r"^hf://owner/name: heads/heads\.keras is not what verification\.json lists"):
        check_listed(tmp_path, "hf://owner/name")


@pytest.mark.parametrize("format_name", ["keras", "savedmodel"])
def test_an_export_of_an_encoder_of_tiny_embeddings_is_not_any_other(tmp_path, format_name):
    card = EncoderCard(view=EvaluationConfig(frames=2, size=8, shorter_side=9))

    def encoder(seed):
        video = keras.Input((None, None, None, 3))
        tiny = keras.layers.Dense(4, kernel_initializer=keras.initializers.RandomNormal(0, 1e-7, seed))
        model = keras.Model(video, tiny(keras.layers.GlobalAveragePooling3D()(video)))
        return brave_tf.as_encoder(model, card, name="mine")

    original, other = encoder(0), encoder(1)
    (tmp_path / "brave_tf.json").write_text("{}")
    FORMATS[format_name].write(other, tmp_path)
    with examples_of(other) as examples:
        (found,) = check_formats(tmp_path, [format_name], examples).values()
    assert found.error < 1e-4 and found.cosine == pytest.approx(1, abs=1e-6)
    with examples_of(original) as examples, pytest.raises(UserError, match="embeds differently: off by") as caught:
        check_formats(tmp_path, [format_name], examples)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "cosine", "is_accepted"), [(0.09, 0.996, True), (0.09, 0.99, False), (0.2, 1, False)]
)
def test_a_lossy_format_is_judged_by_its_error_and_by_its_cosine(tmp_path, monkeypatch, error, cosine, is_accepted):
    told = json.dumps({"errors": {"call": error}, "cosine": cosine})
    monkeypatch.setattr(verify, "_run_program", lambda *words: subprocess.CompletedProcess([], 0, told, ""))
    part = FORMATS["litert"].parts["litert-int8"]
    examples = verify.Examples(tmp_path, (1,), 1.0)
    if is_accepted:
        assert verify.check("litert", tmp_path / part.place, examples, part.tolerance)["cosine"] == cosine
    else:
        with pytest.raises(UserError, match=r"encoder_int8\.tflite embeds differently: off by 0\..* at least 0\.995;"):
            verify.check("litert", tmp_path / part.place, examples, part.tolerance)


@pytest.mark.parametrize(
    ("found", "expected", "error", "cosine"),
    [
        ([[1e-30, 2e-30]], [[1e-30, 4e-30]], 0.5, 0.976),
        ([[0.0, 1.0], [1e-6, 2e-6]], [[0.0, 1.0], [1e-6, 1e-6]], 1.0, 0.949),
        ([[0.0, 0.0]], [[0.0, 0.0]], 0.0, 1.0),
        ([[0.0, 1e-9]], [[0.0, 0.0]], np.inf, 0.0),
        ([[0.0, 0.0]], [[0.0, 2.0]], 1.0, 0.0),
    ],
)
def test_an_error_is_a_share_of_the_embedding_that_it_is_in(found, expected, error, cosine):
    found, expected = np.array(found, np.float32), np.array(expected, np.float32)
    data = {"clip": np.zeros(1), "clip_embedding": expected}
    loaded = checker.Loaded(lambda clips: found, facts={"fixed_shape": True})
    errors, least = checker._errors(loaded, data)
    assert errors["call"] == pytest.approx(error, rel=1e-5) and least == pytest.approx(cosine, abs=1e-3)


def test_the_cosine_of_every_way_of_calling_counts():
    expected = np.array([[1.0, 0.0]])
    data = {"clip": np.zeros(1), "clip_embedding": expected, "embedding/0": expected, "signature/video": np.zeros(1)}
    loaded = checker.Loaded(lambda clips: expected, {"video": lambda clips: -expected}, {"fixed_shape": True})
    assert checker._errors(loaded, data) == ({"call": 0.0, "video": 2.0}, -1.0)


def test_a_check_that_takes_too_long_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(verify, "_run_program", mock.Mock(side_effect=subprocess.TimeoutExpired("python", 600)))
    with pytest.raises(UserError, match=r"exported encoder\.onnx was not verified within 600 s") as caught:
        verify.check("onnx", tmp_path / "encoder.onnx", verify.Examples(tmp_path, (1,), 1.0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("found", [[[np.nan, 1.0]], [[1.0]], [[1.0, np.inf]]])
def test_what_is_not_finite_or_of_another_shape_is_off_by_infinity(found):
    data = {"clip": np.zeros(1), "clip_embedding": np.ones([1, 2])}
    loaded = checker.Loaded(lambda clips: np.array(found), facts={"fixed_shape": True})
    errors, _ = checker._errors(loaded, data)
    assert errors == {"call": np.inf}
