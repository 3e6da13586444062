"""Every example runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import brave_tf
from brave_tf.preparation.dataset_writer import prepare
from tests.preparation.media_files import write_media

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_every_example_is_run_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"pretrain.py"}


def test_pretraining_example(tmp_path):
    for number in range(3):
        write_media(tmp_path / "videos" / f"{number}.mp4", seconds=2.0)
    prepare(tmp_path / "videos", tmp_path / "dataset", workers=1)
    command = [sys.executable, str(EXAMPLES / "pretrain.py"), str(tmp_path / "dataset"), str(tmp_path / "run"), "2"]
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
    # The second call found nothing left to do.
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2]
    encoder = brave_tf.load_encoder(tmp_path / "run" / "brave.keras")
    assert encoder(np.zeros([1, 8, 64, 64, 3], "float32")).shape == (1, 512)
