"""Every example runs."""

import subprocess
import sys
from pathlib import Path

from brave_tf.data.prepare import prepare
from tests.data.media_files import write_media

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_every_example_is_run_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"pretrain.py"}


def test_pretraining_example(tmp_path):
    for number in range(3):
        write_media(tmp_path / "videos" / f"{number}.mp4", seconds=2.0)
    prepare(tmp_path / "videos", tmp_path / "dataset", workers=1)
    command = [sys.executable, str(EXAMPLES / "pretrain.py"), str(tmp_path / "dataset"), "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "one clip became (1, 512)" in done.stdout and (tmp_path / "brave.keras").is_file()
