"""What the documents tell to type is typed, in order, in a folder like a reader's; their programs are run there."""

import re
import shlex
import textwrap

import keras
import numpy as np
import pytest

from brave_tf.cli.main import main
from tests.docs.blocks import ROOT, SHELL, blocks, blocks_of
from tests.preparation.media_files import write_media

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("one_unit", "quick_verification")]

TYPED = {
    "README.md": "",
    "docs/index.md": "",
    "docs/embedding.md": "",
    "docs/experiments.md": "",
    "docs/data.md": "verify dataset",
    "docs/reproducing.md": "evaluate runs/first ",
}
"""Documents whose commands are run, if they begin so. Others need benchmarks, clusters or buckets, and are parsed."""
NOT_TYPED = {
    "demo": "minutes: tests/demo runs it",
    "ablate ": "a training for each row: tests/ablation runs it",
    "inspect dataset --preset v-fa-": "needs optical flow and the paper's sizes",
}
"""Commands in these documents that begin so are parsed alone, and why."""
SHORT = {"pretrain": ["--steps", "2", "--set", "batch_size=2", "monitor.probe_every=1"]}
"""Options that are added, for a run of seconds."""
RUN_ELSEWHERE = {"docs/serving.md": "tests/export/test_serving.py"}
"""Documents whose programs another test runs, as they are printed."""


def typed_commands():
    """The commands of these documents, each once, in the order in which a reader meets them."""
    found = {}
    for document, beginning in TYPED.items():
        for block in blocks_of(document):
            for program, *words in block.commands() if block.language in SHELL else []:
                typed = shlex.join(words)
                if program == "brave-tf" and typed.startswith(beginning) and not any(map(typed.startswith, NOT_TYPED)):
                    found[typed] = words
    return list(found.values())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A reader's folder: videos in two classes, a film, a sound."""
    folder = tmp_path_factory.mktemp("reader")
    for number in range(12):
        label = ("dog", "cat")[number % 2]
        write_media(
            folder / f"my-videos/{label}/{number}.mp4", seconds=2.5, tone_hz=300 + 40 * number, noise_seed=number
        )
    write_media(folder / "my-videos/film.mp4", seconds=16, noise_seed=100)
    write_media(folder / "film.mp4", seconds=66, noise_seed=101)
    write_media(folder / "horse.wav", seconds=3, size=None)
    return folder


@pytest.fixture(scope="module")
def typed(folder):
    """The folder after everything was typed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in typed_commands():
            assert main([*words, *SHORT.get(words[0], [])]) == 0, shlex.join(words)
    return folder


def test_what_is_typed_makes_what_it_says(typed):
    for words in typed_commands():
        for place, word in enumerate(words):
            if word in ("--out", "--run", "--html"):
                assert (typed / words[place + 1]).exists(), shlex.join(words)
    assert (typed / "runs/first/encoder.keras").is_file() and (typed / "report/report.html").is_file()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_a_program_runs(block, typed, monkeypatch):
    if block.document in RUN_ELSEWHERE:
        assert block.document.rpartition("/")[2] in (ROOT / RUN_ELSEWHERE[block.document]).read_text()
        return
    monkeypatch.chdir(typed)
    names = {name: value for name, value in stand_ins().items() if re.search(rf"\b{name}\b", block.text)}
    exec(compile("\n" * block.line + textwrap.dedent(block.text), str(ROOT / block.document), "exec"), names)


def stand_ins():
    """What a program takes for granted: networks and arrays of the reader's own."""
    rng = np.random.default_rng(0)
    look = [keras.layers.Conv3D(4, (2, 5, 5)), keras.layers.GlobalAveragePooling3D(), keras.layers.Dense(8)]
    feel = [keras.layers.Conv1D(4, 9, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(8)]
    return {
        "video_network": keras.Sequential([keras.Input((4, 16, 16, 3)), *look]),
        "sensor_network": keras.Sequential([keras.Input((64, 1)), *feel]),
        "videos": rng.uniform(size=(64, 4, 16, 16, 3)).astype("float32"),
        "signals": rng.standard_normal((64, 64, 1)).astype("float32"),
    }
