"""What is sent to the Hugging Face Hub and to Kaggle, and what is refused; never the network."""

import dataclasses
import fnmatch
import shutil
import sys
from pathlib import Path

import pytest

import brave_tf
from brave_tf.cli.main import main
from brave_tf.encoders.checksums import sha256_of_files
from brave_tf.encoders.exported import WARM_UP_FILE, FormatCheck, read_verification, relative_files, write_verification
from brave_tf.errors import UserError
from brave_tf.export.publish import EARLIER_FILES, FRAMEWORKS, publish_directory
from tests.encoders.hubs import stand_in

CARD = "---\nlicense: apache-2.0\nlibrary_name: keras\n---\n\n# Mine\n"


@pytest.fixture
def exported(tmp_path) -> Path:
    """A directory as an export leaves it, of a few bytes."""
    folder = tmp_path / "exported"
    files = {"encoder.keras": "keras", "saved_model.pb": "graph", "variables/variables.index": "index"}
    for name, content in {**files, "brave_tf.json": "{}", "README.md": CARD, "training_loss.png": "png"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    formats = {"savedmodel": ["saved_model.pb", "variables/variables.index"], "keras": ["encoder.keras"]}
    checks = {
        name: FormatCheck(
            sha256_of_files(folder, [*own, "brave_tf.json"]), 10, 0.0, 1.0, 2.0, 2.0, (1, 8, 48, 48, 3), "keras 3"
        )
        for name, own in formats.items()
    }
    write_verification(folder, "1234", checks)
    return folder


@pytest.fixture
def sent(monkeypatch) -> list:
    """Calls of the two clients' functions, which are called as those that are installed could be."""
    calls: list = []

    def record(name):
        return lambda *args, **kwargs: calls.append((name, args, kwargs))

    functions = {"create_repo": record("create_repo"), "upload_folder": record("upload_folder")}
    stand_in(monkeypatch, "huggingface_hub", **functions)
    stand_in(monkeypatch, "kagglehub", model_upload=record("model_upload"))
    return calls


def test_a_directory_goes_to_the_hugging_face_hub(exported, sent):
    (exported / "README.md").write_text(CARD + "By me.\n")
    found = brave_tf.publish(exported, "hf:owner/name", private=True)
    (made, uploaded) = sent
    assert made == ("create_repo", ("owner/name",), {"private": True, "exist_ok": True})
    assert uploaded[0] == "upload_folder" and uploaded[2]["repo_id"] == "owner/name"
    assert Path(uploaded[2]["folder_path"]) == exported
    assert uploaded[2]["delete_patterns"] == list(EARLIER_FILES)
    assert found.is_sent and found.place == "https://huggingface.co/owner/name" and found.card == CARD + "By me.\n"
    assert found.files == {
        str(path.relative_to(exported)): path.stat().st_size for path in exported.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", ["audio/encoder.keras", "x/encoder.onnx", "own.keras", "notes.png", "a/variables/b"])
def test_files_of_others_in_the_repository_stay(name):
    # As huggingface_hub matches them.
    assert not [pattern for pattern in EARLIER_FILES if fnmatch.fnmatch(name, pattern)]


@pytest.mark.parametrize("name", ["encoder.keras", "variables/variables.index", "heads/audio.keras", "saved_model.pb"])
def test_files_of_an_earlier_version_do_not(name):
    assert [pattern for pattern in EARLIER_FILES if fnmatch.fnmatch(name, pattern)]


def test_a_directory_goes_to_kaggle(exported, sent):
    for framework in ("tensorFlow2", "keras"):
        found = publish_directory(exported, f"kaggle:owner/model/{framework}/base")
        ((name, args, _),) = sent
        assert name == "model_upload" and args == (f"owner/model/{framework}/base", str(exported), "Apache 2.0")
        assert found.place == f"https://www.kaggle.com/models/owner/model/{framework}/base"
        assert found.notes == ("a new model on Kaggle is private until you make it public there",)
        sent.clear()
    (exported / "README.md").write_text("# No licence\n")
    assert "tells no licence that Kaggle has" in publish_directory(exported, "kaggle:o/m/keras/b").notes[-1]


def test_a_dry_run_prints_every_file_its_size_and_the_card_and_sends_nothing(exported, monkeypatch, capsys):
    for module in ("huggingface_hub", "kagglehub"):
        monkeypatch.setitem(sys.modules, module, None)
    assert main(["publish", str(exported), "--to", "hf:owner/name", "--dry-run"]) == 0
    out = capsys.readouterr().out
    files = [path for path in exported.rglob("*") if path.is_file()]
    assert len(files) == 7
    for path in files:
        (line,) = [line for line in out.splitlines() if f" {path.relative_to(exported)} " in line]
        assert f" {path.stat().st_size:,} " in line
    assert CARD.strip() in out and "https://huggingface.co/owner/name: nothing was sent: a dry run" in out
    assert main(["publish", str(exported), "--to", "hf:owner/name"]) == 1
    assert 'pip install "brave_tf[huggingface]"' in capsys.readouterr().err


def test_what_was_not_verified_is_refused_by_name(exported, sent, tmp_path):
    def refused(words, change):
        copy = shutil.copytree(exported, tmp_path / "copy", symlinks=True)
        change(copy)
        with pytest.raises(UserError, match=words) as caught:
            publish_directory(copy, "hf:owner/name")
        assert "\n" not in str(caught.value) and not sent
        shutil.rmtree(copy)

    refused("has no verification.json", lambda folder: (folder / "verification.json").unlink())
    refused("verification.json is damaged", lambda folder: (folder / "verification.json").write_text("{"))
    refused(r"encoder\.keras changed or missing", lambda folder: (folder / "encoder.keras").write_text("other"))
    refused(r"variables\.index changed or miss", lambda folder: (folder / "variables/variables.index").unlink())
    refused(r"did not verify: notes\\n\.txt;", lambda folder: (folder / "notes\n.txt").write_text("mine"))
    refused(r"did not verify: assets/.env;", lambda folder: _write(folder / "assets/.env"))
    many = "did not verify: 0, 1, 2, 3, 4 and 2 more; move them"
    refused(many, lambda folder: [(folder / str(number)).touch() for number in range(7)])
    refused("has no README.md", lambda folder: (folder / "README.md").unlink())


def test_requests_for_warm_up_may_be_removed_and_not_replaced(exported, sent):
    warm_up = exported / WARM_UP_FILE
    _write(warm_up)
    read = read_verification(exported)
    files = {**read.formats["savedmodel"].files, **sha256_of_files(exported, [WARM_UP_FILE])}
    checks = {**read.formats, "savedmodel": dataclasses.replace(read.formats["savedmodel"], files=files)}
    write_verification(exported, "1234", checks)
    assert WARM_UP_FILE in publish_directory(exported, "hf:owner/name").files
    warm_up.write_text("requests of mine")
    with pytest.raises(UserError, match="tf_serving_warmup_requests changed or missing"):
        publish_directory(exported, "hf:owner/name")
    warm_up.unlink()
    assert WARM_UP_FILE not in publish_directory(exported, "hf:owner/name").files


def test_whatever_an_export_writes_goes_with_the_next_version(tiny_export):
    kept = [
        name
        for name in relative_files(tiny_export.folder)
        if not any(fnmatch.fnmatch(name, pattern) for pattern in EARLIER_FILES)
    ]
    assert kept == ["README.md"]


def _write(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("secret")


def test_links_are_refused(exported, sent, tmp_path):
    (tmp_path / "linked").symlink_to(exported)
    with pytest.raises(UserError, match=f"linked is a link to {exported}; expected the directory itself"):
        publish_directory(tmp_path / "linked", "hf:owner/name")
    content = exported / "encoder.keras"
    content.rename(tmp_path / "elsewhere.keras")
    content.symlink_to(tmp_path / "elsewhere.keras")
    with pytest.raises(UserError, match=r"holds links: encoder\.keras; expected files of its own"):
        publish_directory(exported, "hf:owner/name")
    content.unlink()
    (exported / "variables").rename(tmp_path / "variables")
    (exported / "variables").symlink_to(tmp_path / "variables")
    with pytest.raises(UserError, match="holds links: variables"):
        publish_directory(exported, "hf:owner/name")
    assert not sent


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("owner/name", "expected hf:OWNER/NAME, or kaggle:OWNER"),
        ("s3://bucket/x", "expected hf:OWNER/NAME, or kaggle:OWNER"),
        ("hf:name", "expected hf:OWNER/NAME"),
        ("hf:../name", "expected hf:OWNER/NAME"),
        ("hf:owner/name@main", "without a revision or a folder"),
        ("hf:owner/name/folder", "without a revision or a folder"),
        ("hf:datasets/owner/name", "which is no model"),
        ("kaggle:owner/model", "expected kaggle:OWNER/MODEL/FRAMEWORK/VARIATION"),
        ("kaggle:owner/model/tensorFlow2/x/3", "without a version: each is a new one"),
        ("kaggle:owner/model/tensorflow/x", "where FRAMEWORK is tensorFlow2 or keras or onnx or tfLite"),
        (
            "kaggle:owner/model/onnx/x",
            "holds the formats savedmodel, keras; expected onnx for onnx; export it with --f",
        ),
        ("hf:owner/na\x1bme", "received --to hf:owner/na.x1bme"),
    ],
)
def test_places_that_are_none_are_one_line(to, words, exported, sent):
    with pytest.raises(UserError, match=words) as caught:
        publish_directory(exported, to)
    assert str(caught.value).isprintable() and not sent


def test_what_a_client_says_is_one_line(exported, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("403 Forbidden\n\nYou don't have the rights")

    stand_in(monkeypatch, "huggingface_hub", create_repo=fail, upload_folder=fail)
    with pytest.raises(UserError, match=r"--to hf:o/n cannot be written \(403 Forbidden\); log in there"):
        publish_directory(exported, "hf:o/n")


def test_a_directory_that_is_none_is_one_line(tmp_path):
    for path in (tmp_path / "nothing", tmp_path / "file"):
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match="is no directory; expected one that `brave-tf export` wrote"):
            publish_directory(path, "hf:owner/name")


def test_frameworks_are_kaggles():
    enums = pytest.importorskip("kagglehub.handle", reason="kagglehub is not installed")
    for framework in FRAMEWORKS:
        enums.parse_model_handle(f"owner/model/{framework}/x").framework_enum()
