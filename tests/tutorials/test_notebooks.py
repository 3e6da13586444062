"""The notebooks are those of the texts, begin alike, and hold nothing of the machine that made them."""

import re
from pathlib import Path

import nbformat
import pytest

from tests.tutorials.notebooks import EXAMPLES, METADATA, NAMES, outputs, pngs, read, run

BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/brave-tf/brave-tf/blob/main/examples/{}.ipynb)"
)
INSTALLATION = re.compile(r'import importlib\.util\n\nif .*importlib\.util\.find_spec.*"brave_tf".*:\n')
MOST_BYTES = 500_000
MOST_BYTES_OF_A_PICTURE = 100_000


def test_every_text_has_its_notebook():
    assert NAMES and sorted(path.stem for path in EXAMPLES.glob("*.ipynb")) == NAMES


def test_a_line_that_a_test_would_replace_has_to_be_there_once(tmp_path):
    for line, times in {"STEPS = 3": 0, "plt.show()": 7}.items():
        with pytest.raises(ValueError, match=f"'{re.escape(line)}', which is there {times} times"):
            run("tutorial_1_views", tmp_path, {line: "pass"})


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def committed(name):
    return nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)


def test_the_notebook_is_that_of_the_text(name, committed):
    nbformat.validate(committed)
    cells = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in (committed, read(name))]
    assert cells[0] == cells[1], "make notebooks"


def test_it_begins_with_the_badge_and_the_installation(name, committed):
    first, second = committed.cells[:2]
    title, _, badge = first.source.split("\n")[:3]
    assert title.startswith("# ") and badge == BADGE.format(name)
    assert INSTALLATION.match(second.source)
    assert re.search(r"^    %pip install -q \"?brave-tf\b", second.source, flags=re.MULTILINE)


def test_every_cell_was_executed_in_order_and_none_failed(committed):
    counts = [cell.execution_count for cell in committed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    kinds = {output.output_type for output in outputs(committed)}
    assert "error" not in kinds and all(output.get("name") != "stderr" for output in outputs(committed))


def test_its_outputs_hold_nothing_of_the_machine(name, committed):
    text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    assert committed.metadata == METADATA
    for each in (str(Path.home()), str(EXAMPLES.parent), "/tmp/", "at 0x", "Warning"):
        assert each not in text


def test_it_is_small(name, committed):
    assert (EXAMPLES / f"{name}.ipynb").stat().st_size <= MOST_BYTES
    assert pngs(committed), "a tutorial shows something"
    assert max(map(len, pngs(committed))) <= MOST_BYTES_OF_A_PICTURE
