"""Every example runs."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest

import brave_tf
from brave_tf.commands import prepare
from tests.preparation.media_files import write_media
from tests.programs import Program
from tests.test_lips import write_talker

pytestmark = pytest.mark.usefixtures("one_unit")

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_every_example_is_run_here():
    # The tutorials are run in tests/tutorials/.
    assert {path.name for path in EXAMPLES.glob("*.py") if not path.name.startswith("tutorial_")} == {
        "lips.py",
        "own_backbones.py",
        "pretrain.py",
        "pretrain_with_checkpoints.py",
        "sounds.py",
    }


ONE_UNIT = (
    "import pytest, runpy, sys; from tests.reduced import one_unit; one_unit(pytest.MonkeyPatch());"
    " del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""Runs a script with networks as the fixture `one_unit` leaves them."""


def run(name, *arguments, cwd):
    program = Program(["-c", ONE_UNIT, str(EXAMPLES / name), *map(str, arguments)], folder=cwd)
    assert program.wait() == 0, program.text()
    return program.text()


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    for number in range(3):
        write_media(folder / "videos" / f"{number}.mp4", seconds=2.0)
    prepare(folder / "videos", folder / "dataset", workers=1)
    return folder / "dataset"


def test_the_first_example(dataset, tmp_path):
    assert len((EXAMPLES / "pretrain.py").read_text().splitlines()) <= 25
    run("pretrain.py", dataset, 1, "encoder.keras", cwd=tmp_path)
    encoder = brave_tf.load_encoder(tmp_path / "encoder.keras")
    assert encoder(np.zeros([1, 8, 64, 64, 3], "float32")).shape == (1, 64)


def test_own_backbones(tmp_path):
    assert len((EXAMPLES / "own_backbones.py").read_text().splitlines()) <= 40
    printed = run("own_backbones.py", cwd=tmp_path)
    first, last = re.search(r"loss ([\d.]+) -> ([\d.]+)", printed).groups()
    assert float(last) < 0.5 * float(first)


def test_the_example_with_checkpoints(dataset, tmp_path):
    for _ in range(2):
        run("pretrain_with_checkpoints.py", dataset, tmp_path / "run", 2, cwd=tmp_path)
    # The second call found nothing left to do.
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2]
    encoder = brave_tf.load_encoder(tmp_path / "run" / "brave.keras")
    assert encoder(np.zeros([1, 8, 64, 64, 3], "float32")).shape == (1, 64)


@pytest.mark.thorough
def test_lips(tmp_path):
    names = [f"{command}{colour}af{digit}n" for command in "bl" for colour in "br" for digit in "123"]
    for number, name in enumerate(names):
        write_talker(tmp_path / "grid" / f"{name}.mpg", number, (number % 3, number % 2))
    words = ["--words", "command", "colour"]
    small = ["--steps", 2, "--seeds", 1, *words, "--set", "batch_size=4", "optimizer.warmup_steps=0"]
    run("lips.py", tmp_path / "grid", "--out", tmp_path / "out", *small, cwd=tmp_path)
    reports = {path.parent.name: path for path in tmp_path.glob("out/seed-0/*/report.json")}
    written = {name: path.stat().st_mtime_ns for name, path in reports.items()}
    reports["narrow-colour"].with_name("asked.json").write_text("another readout")
    printed = run("lips.py", tmp_path / "grid", "--out", tmp_path / "out", *small, cwd=tmp_path)
    # The second call computed nothing again but the one report that had been asked for in another way.
    assert "left out" not in printed and "step" not in printed.replace("steps", "")
    assert [name for name, path in reports.items() if path.stat().st_mtime_ns != written[name]] == ["narrow-colour"]
    found = json.loads((tmp_path / "out/lips.json").read_text())
    for tower, baseline in (("narrow", "baseline:frame-differences"), ("audio", "baseline:log-mel")):
        assert list(found[tower]) == ["command", "colour"]
        *few, whole = found[tower]["colour"]
        assert [each["fraction"] for each in few] == [0.05, 0.1, 0.25, 0.5] and whole["fraction"] == 1
        report = json.loads((tmp_path / f"out/seed-0/{tower}-colour/report.json").read_text())
        assert whole["scores"]["trained"]["seeds"] == [report["mean"]]
        assert whole["scores"]["random initialisation"]["mean"] == report["random_init"]
        assert baseline in whole["scores"]
    assert (tmp_path / "out/lips.png").stat().st_size > 10_000


@pytest.mark.thorough
def test_sounds(tmp_path):
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    generator = np.random.default_rng(0)
    (tmp_path / "esc/audio").mkdir(parents=True)
    for number in range(32):
        target, fold, name = number % 2, number // 16 + 1, f"{number}.wav"
        wave_of = (np.sin(np.arange(8000) * generator.uniform(0.1, 0.3)), generator.uniform(-1, 1, 8000))
        with wave.open(str(tmp_path / "esc/audio" / name), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((20_000 * wave_of[target]).astype("<i2").tobytes())
        rows.append(f"{name},{fold},{target},{('tone', 'noise')[target]},False,{number},A")
    (tmp_path / "esc/esc50.csv").write_text("\n".join(rows))
    run("sounds.py", tmp_path / "esc", "--out", tmp_path / "out", "--epochs", 1, cwd=tmp_path)
    found = json.loads((tmp_path / "out/sounds.json").read_text())
    assert list(found["folds"]) == ["1", "2"]
    assert found["trained"] == np.mean([fold["trained"] for fold in found["folds"].values()])
    # A tone is told from noise by any features, and by networks that are not trained.
    assert found["baseline:log-mel"] == 1 and found["random_init"] > 0.9
