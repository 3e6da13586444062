"""`verification.json`: what an export says of its files, and how it did."""

import hashlib
import json
import shutil
import subprocess
from unittest import mock

import numpy as np
import pytest

from brave_tf.cli.main import main
from brave_tf.errors import UserError
from brave_tf.export import checker, export_encoder, verify
from brave_tf.export.verification import VERIFICATION_FILE, FormatCheck, read_verification, write_verification

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
    ],
)
def test_a_verification_that_cannot_be_used_is_one_line(tmp_path, content, words):
    if content is not None:
        (tmp_path / VERIFICATION_FILE).write_text(content)
    with pytest.raises(UserError, match=words) as caught:
        read_verification(tmp_path)
    assert "\n" not in str(caught.value)


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
