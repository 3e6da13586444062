"""`brave-tf embed` as it is typed."""

import pytest

from brave_tf.cli.main import main
from brave_tf.embedding.table import open_table
from tests.embedding.encoders import video_encoder


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr("brave_tf.embedding.embed.load_encoder", lambda *_: video_encoder())


def test_what_it_prints(tiny, folder, tmp_path, capsys):
    out = tmp_path / "a.parquet"
    words = [
        "embed",
        "tiny",
        str(folder / "1.mp4"),
        str(folder),
        "--out",
        str(out),
        "--workers",
        "0",
        "--stride",
        "0.32",
    ]
    assert main(words) == 0
    printed = " ".join(capsys.readouterr().out.split())
    facts = open_table(out).facts
    for name, value in (("rows", facts.rows), ("embedding", 6), ("files", 6), ("left out", 0), ("stride", "0.32 s")):
        assert f"│ {name} │ {value} │" in printed, name
    assert facts.encoder == "tiny" and facts.rows < 30


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ([], 2, "received no media; expected files, folders or CSV lists, or --data DATASET"),
        (["none.mp4"], 1, "none.mp4 does not exist; expected a media file, a folder of them, or a CSV list"),
        (["--data", "none"], 1, "none is not a dataset"),
        (["none.mp4", "--window", "0"], 2, "received --window 0; expected seconds above 0"),
    ],
)
def test_mistakes_are_one_line(tiny, tmp_path, capsys, monkeypatch, words, status, message):
    monkeypatch.chdir(tmp_path)
    assert main(["embed", "tiny", *words, "--out", "a.parquet"]) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"brave-tf: error: {message}") and not list(tmp_path.iterdir())
