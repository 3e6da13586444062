"""Ctrl-C and SIGTERM in `brave-tf embed`."""

import signal

import pytest

import brave_tf
from tests.embedding.encoders import video_encoder
from tests.programs import Program
from tests.said import without_progress

STOPPED = """
import os, signal, sys
from brave_tf.cli import main
from brave_tf.embedding import embed
from brave_tf.embedding.writer import RowWriter
from tests.embedding.encoders import video_encoder
embed.load_encoder = lambda *_: video_encoder()
add = RowWriter.add

def stopping(self, batch, vectors):
    add(self, batch, vectors)
    os.kill(os.getpid(), {number})

RowWriter.add = stopping
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        pytest.param(signal.SIGINT, 130, ["brave-tf: interrupted"], id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 128 + 15, [], id="SIGTERM", marks=pytest.mark.thorough),
    ],
)
def test_it_says_that_it_goes_on_and_does(folder, tmp_path, number, status, words):
    out = tmp_path / "a.parquet"
    script = STOPPED.format(number=int(number))
    program = Program(["-c", script, "embed", "tiny", str(folder), "--out", str(out), "--workers", "1"])
    assert program.wait(200) == status
    assert without_progress(program.text()) == [
        "passed over: 1 .txt",
        "embed: stopped; the same command goes on",
        *words,
    ]
    assert brave_tf.embed(video_encoder(), folder, out=out, workers=0).files == 6
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.parquet"]
